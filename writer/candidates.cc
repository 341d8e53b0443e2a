#include "writer/candidates.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "structural/mini_block.h"

namespace lancekit {
namespace {

using format::FileVersion;

constexpr std::uint64_t kMaxHintedChunk = 16 << 10;

constexpr const char* kX1Numbers[] = {
    "flat",
    "frame",
    "rle",
    "narrow(frame)",
    "patched(frame)",
    "delta(frame)",
    "delta(patched(frame))",
    "narrow(zstd)",
    "bits(zstd)",
    "zstd",
    "delta(narrow(zstd))",
    "cut(narrow(zstd),frame)",
    "narrow(cut(narrow(zstd),frame))",
    "runs(frame,frame)",
    "runs(delta(frame),frame)",
    "delta(runs(frame,frame))",
    "stairs(frame,frame)",
    "stairs(delta(frame),frame)",
    "runs(stairs(delta(frame),frame),frame)",
};
constexpr const char* kX1Floats[] = {
    "flat", "frame", "alp(frame)", "alp(patched(frame))", "alp(delta(frame))", "alp(narrow(zstd))", "zstd(split)", "zstd",
};
constexpr const char* kX1Strings[] = {"lengths",
                                      "fsst(lengths)",
                                      "tokens",
                                      "zstd(tokens)",
                                      "zstd(fsst(lengths))",
                                      "zstd(lengths)",
                                      "front(lengths,frame)",
                                      "front(fsst(lengths),frame)"};
// What the official versions have beside flat values, bit-packing and RLE, whose sizes are known without a sample.
constexpr const char* kNumbers[] = {"zstd", "zstd(rle)", "lz4"};
constexpr const char* kFloats[] = {"zstd", "zstd(split)", "lz4"};
constexpr const char* kStrings[] = {"variable", "fsst(variable)", "zstd(fsst(variable))"};

constexpr std::uint64_t kLargeStringChunk = 32 << 10;

bool IsCompression(std::string_view name) { return name == "zstd" || name == "lz4" || name == "snappy"; }

bool Compresses(const EncoderTree& tree) { return IsCompression(tree.name) || std::ranges::any_of(tree.inner, Compresses); }

/// What its decoding adds to the cost of the bytes. Strings have FSST beside a compression, which is not read much faster.
double CostOf(const EncoderTree& tree, ValueKind kind, FileVersion version, Preset preset) {
  double cost = 1;
  if (tree.name == "patched" || tree.name == "alp") cost = 1.02;
  if (tree.name == "delta") cost = 1.03;
  if (tree.name == "front") cost = 1.05;
  if (tree.name == "cut") cost = 1.09;
  if (preset == Preset::kSmall) cost = 1;
  if (IsCompression(tree.name) && preset == Preset::kBalanced)
    cost = version == FileVersion::kX1 ? (kind == ValueKind::kStrings ? 1.25 : 1.08) : kind == ValueKind::kStrings ? 1.6 : 1.05;
  for (const EncoderTree& inner : tree.inner) cost *= CostOf(inner, kind, version, preset);
  return cost;
}

/// What restoring a byte costs, in bytes. The reference reads LZ4 about as fast as it copies; for zstd it waits about as long for
/// each match: one for each run of equal values where it found matches, fewer where values are narrow. RLE it repeats value by
/// value.
Restoring CostOfRestoring(const EncoderTree& tree, std::uint64_t bits, FileVersion version, Preset preset) {
  if (preset != Preset::kBalanced) return {};
  const bool x1 = version == FileVersion::kX1;
  Restoring cost;
  if (IsCompression(tree.name)) cost.byte = x1 ? 0.03 : 0.02;
  if (!x1 && tree.name == "zstd") cost = {0, bits < 32 ? 0.36 : 1.0};
  if (!x1 && tree.name == "rle") cost.byte = 0.15;
  for (const EncoderTree& inner : tree.inner) {
    const Restoring inside = CostOfRestoring(inner, bits, version, preset);
    cost.byte += inside.byte;
    cost.byte_of_run += inside.byte_of_run;
  }
  return cost;
}

/// Puts the codec that the hints want in the place of every one.
void SetCodec(const format::BufferCompression& codec, EncoderTree* tree) {
  if (IsCompression(tree->name)) {
    tree->name = codec.scheme == format::CompressionScheme::kLz4      ? "lz4"
                 : codec.scheme == format::CompressionScheme::kSnappy ? "snappy"
                                                                      : "zstd";
    tree->level = codec.level;
  }
  for (EncoderTree& inner : tree->inner) SetCodec(codec, &inner);
}

std::span<const char* const> TextsFor(ValueKind kind, FileVersion version) {
  const bool x1 = version == FileVersion::kX1;
  switch (kind) {
    case ValueKind::kNumbers:
      return x1 ? std::span<const char* const>(kX1Numbers) : kNumbers;
    case ValueKind::kFloats:
      return x1 ? std::span<const char* const>(kX1Floats) : kFloats;
    default:
      return x1 ? std::span<const char* const>(kX1Strings) : kStrings;
  }
}

}  // namespace

double CostOfRuns(FileVersion version, const EncodingHints& hints) {
  return CostOfRestoring({.name = "rle"}, 64, version, PresetOf(version, hints)).byte;
}

Preset PresetOf(FileVersion version, const EncodingHints& hints) {
  if (hints.preset != Preset::kDefault) return hints.preset;
  return version == FileVersion::kX1 ? Preset::kBalanced : Preset::kFast;
}

std::vector<Candidate> CandidatesFor(ValueKind kind, FileVersion version, const EncodingHints& hints, std::uint64_t bits) {
  using Compression = EncodingHints::Compression;
  const bool wants_codec = hints.compression == Compression::kCodec;
  const Preset preset = PresetOf(version, hints);
  std::vector<Candidate> candidates;
  // A dictionary is tried beside these.
  const std::string_view wanted = hints.tree == "dictionary" ? std::string_view() : hints.tree;
  if (wanted.find('(') != std::string::npos) {
    if (auto tree = ParseEncoderTree(wanted)) candidates.push_back({*std::move(tree), 1});
    return candidates;
  }
  for (const char* const text : TextsFor(kind, version)) {
    auto tree = ParseEncoderTree(text);
    if (!tree) continue;
    const bool compresses = Compresses(*tree);
    if (!wanted.empty()) {
      if (tree->name != wanted) continue;
    } else if (wants_codec ? !compresses : compresses && preset == Preset::kFast) {
      continue;
    } else if (tree->name == "lz4" && preset == Preset::kSmall) {
      continue;  // it gains time, never bytes
    }
    if (hints.compression == Compression::kNone && (compresses || tree->name == "fsst")) continue;
    if (hints.compression == Compression::kSymbols && kind == ValueKind::kStrings && tree->name != "fsst") continue;
    if (wants_codec) SetCodec(hints.general, &*tree);
    const double cost = CostOf(*tree, kind, version, preset);
    const Restoring restoring = CostOfRestoring(*tree, bits, version, preset);
    candidates.push_back({*std::move(tree), cost, restoring});
  }
  if (candidates.empty() && !wanted.empty()) {  // one that is never tried by itself
    if (auto tree = ParseEncoderTree(wanted)) candidates.push_back({*std::move(tree), 1});
    if (candidates.empty() && kind == ValueKind::kFloats) return CandidatesFor(ValueKind::kNumbers, version, hints, bits);
  }
  return candidates;
}

ChunkPlan PlanFor(FileVersion version, const EncodingHints& hints) {
  const bool small = PresetOf(version, hints) == Preset::kSmall;
  ChunkPlan plan;
  plan.zstd_level = small ? 12 : 3;
  if (version == FileVersion::k2_1) {
    // A chunk holds less than 32 KiB there.
    plan.compressed_numbers = {.bytes = 16 << 10, .values = mini_block::kMaxChunkValues};
    plan.string_bytes = kDefaultStringChunk;
    plan.compressed_string_bytes = 16 << 10;
    return plan;
  }
  if (version == FileVersion::kX1) {
    plan.compressed_numbers = {.bytes = 256 << 10, .values = mini_block::kMaxChunkValues};
    plan.compressed_string_bytes = small ? 1 << 20 : 256 << 10;
    plan.string_bytes = kLargeStringChunk;
  } else {
    // The reference decodes a chunk once for each of its batches of 8192 rows that has rows in it.
    plan.compressed_numbers = {.bytes = 64 << 10, .values = kDefaultChunkValues};
    plan.compressed_string_bytes = 256 << 10;
    // Its work for a chunk is a large part of reading short strings; for single ones of them a chunk is decoded whole.
    plan.string_bytes = PresetOf(version, hints) == Preset::kFast ? kDefaultStringChunk : kLargeStringChunk;
  }
  if (hints.chunk_bytes.has_value()) {
    plan.string_bytes = std::min(*hints.chunk_bytes, kMaxHintedChunk);
    plan.compressed_string_bytes = std::min(*hints.chunk_bytes, plan.compressed_string_bytes);
  }
  return plan;
}

}  // namespace lancekit

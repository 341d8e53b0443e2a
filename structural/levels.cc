#include "structural/levels.h"

#include <algorithm>
#include <limits>

#include "base/checked_math.h"
#include "encodings/kernels/stats.h"

namespace lancekit {
namespace {

using format::RepDefLayer;

struct LayerKind {
  bool is_list = false;
  bool has_null = false;
  bool has_empty = false;
};

Result<LayerKind> KindOf(RepDefLayer layer) {
  switch (layer) {
    case RepDefLayer::kAllValidItem:
      return LayerKind{};
    case RepDefLayer::kNullableItem:
      return LayerKind{.has_null = true};
    case RepDefLayer::kAllValidList:
      return LayerKind{.is_list = true};
    case RepDefLayer::kNullableList:
      return LayerKind{.is_list = true, .has_null = true};
    case RepDefLayer::kEmptyableList:
      return LayerKind{.is_list = true, .has_empty = true};
    case RepDefLayer::kNullAndEmptyList:
      return LayerKind{.is_list = true, .has_null = true, .has_empty = true};
    default:
      return Corrupt("a layer of kind {}", static_cast<unsigned>(layer));
  }
}

}  // namespace

Result<PageLevels> PageLevels::Make(std::span<const RepDefLayer> layers, const LeafType& leaf) {
  if (layers.size() != leaf.parents.size() + 1) {
    return Corrupt("{} layers where a column of this type has {}", layers.size(), leaf.parents.size() + 1);
  }
  PageLevels levels;
  levels.parents_and_leaf_.resize(layers.size());
  std::uint64_t stride = 1;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    LayerLevels& layer = levels.parents_and_leaf_[layers.size() - 1 - i];
    const ParentNode parent = i == 0 ? ParentNode{NodeKind::kLeaf, 1} : leaf.parents[leaf.parents.size() - i];
    LANCEKIT_ASSIGN(const LayerKind kind, KindOf(layers[i]));
    if (kind.is_list != (parent.kind == NodeKind::kList)) return Corrupt("layer {} is {}a list", i, kind.is_list ? "" : "not ");
    layer.kind = parent.kind;
    layer.inside = levels.max_def_;
    if (kind.has_null) ++levels.max_def_;
    if (kind.has_empty) layer.empty = ++levels.max_def_;
    if (kind.is_list) ++levels.max_rep_;
    layer.start = levels.max_rep_;
    stride *= parent.size;
    layer.stride = stride;
  }
  std::uint16_t visible = levels.max_def_;
  for (LayerLevels& layer : levels.parents_and_leaf_) {
    layer.visible = visible;
    if (layer.kind == NodeKind::kList) visible = layer.inside;
  }
  return levels;
}

Status PageLevels::Check(const std::uint16_t* rep, const std::uint16_t* def, std::uint64_t count) const {
  const std::uint16_t rep_found = rep == nullptr ? std::uint16_t{0} : kernels::MaxValue(rep, count);
  const std::uint16_t def_found = def == nullptr ? std::uint16_t{0} : kernels::MaxValue(def, count);
  if (rep_found > max_rep_) return Corrupt("repetition level {} where {} is the highest", rep_found, max_rep_);
  if (def_found > max_def_) return Corrupt("definition level {} where {} is the highest", def_found, max_def_);
  return {};
}

std::uint64_t PageLevels::CountVisible(const std::uint16_t* def, std::uint64_t count) const {
  if (def == nullptr || max_visible() == max_def_) return count;
  std::uint64_t masks[64];
  constexpr std::uint64_t kBlock = std::size(masks) * 64;
  std::uint64_t visible = 0;
  for (; count > kBlock; def += kBlock, count -= kBlock)
    visible += kernels::MaskRange(def, kBlock, 0, max_visible(), nullptr, masks);
  return visible + kernels::MaskRange(def, count, 0, max_visible(), nullptr, masks);
}

namespace {

constexpr std::uint16_t kAnyLevel = std::numeric_limits<std::uint16_t>::max();

/// The entries of one call, and memory for masks of them: bits that say which entries are meant.
class Entries {
 public:
  Entries(const std::uint16_t* rep, const std::uint16_t* def, std::uint64_t count, MutableBuffer* memory)
      : rep_(rep), def_(def), count_(count), num_words_(kernels::MaskWords(count)) {
    if (rep == nullptr && def == nullptr) return;
    memory->Resize(kNumMasks * (num_words_ + 1) * sizeof(std::uint64_t));
    memory_ = memory->as<std::uint64_t>();
  }

  Status AppendLists(const LayerLevels& layer, NodeSink* node) const;
  void AppendStructs(const LayerLevels& layer, std::uint64_t phase, ValiditySink* validity) const;
  VisibleEntries AppendLeaf(const LayerLevels& layer, LeafSink* sink) const;

 private:
  enum Mask : std::size_t { kSlots, kItems, kValid, kSelected, kNumMasks };

  std::uint64_t* Words(Mask mask) const { return memory_ + mask * (num_words_ + 1); }
  /// Of the masked entries those that hold something of the layer, up to a definition level; returns how many there are.
  std::uint64_t Select(std::uint16_t least_rep, std::uint16_t most_def, const std::uint64_t* with, std::uint64_t* to) const {
    std::uint64_t found = count_;
    const bool by_rep = rep_ != nullptr && (least_rep != 0 || def_ == nullptr);
    if (by_rep) found = kernels::MaskRange(rep_, count_, least_rep, kAnyLevel, with, to);
    if (def_ != nullptr) found = kernels::MaskRange(def_, count_, 0, most_def, by_rep ? to : with, to);
    return found;
  }
  const std::uint64_t* ValidityOf(const LayerLevels& layer, std::uint64_t num_slots, ValiditySink* sink) const;

  const std::uint16_t* rep_;
  const std::uint16_t* def_;
  std::uint64_t count_;
  std::size_t num_words_;
  std::uint64_t* memory_ = nullptr;
};

/// Appends the validity of the slots; returns it, nullptr: all are valid.
const std::uint64_t* Entries::ValidityOf(const LayerLevels& layer, std::uint64_t num_slots, ValiditySink* sink) const {
  const std::uint64_t* const slots = Words(kSlots);
  std::uint64_t* const valid = Words(kValid);
  std::uint64_t num_valid = num_slots;
  if (def_ != nullptr) {
    num_valid = kernels::MaskRange(def_, count_, 0, layer.inside, slots, valid);
    if (layer.empty != 0 && num_valid != num_slots) {
      std::uint64_t* const empty = Words(kSelected);
      num_valid += kernels::MaskRange(def_, count_, layer.empty, layer.empty, slots, empty);
      for (std::size_t i = 0; i < num_words_; ++i) valid[i] |= empty[i];
    }
  }
  if (num_valid == num_slots) {
    sink->AppendValid(num_slots);
    return nullptr;
  }
  std::uint64_t* const selected = Words(kSelected);
  kernels::SelectBits(valid, slots, num_words_, selected);
  sink->AppendBits(selected, num_slots, num_valid);
  return selected;
}

Status Entries::AppendLists(const LayerLevels& layer, NodeSink* node) const {
  const std::uint64_t num_slots = Select(layer.start, layer.visible, nullptr, Words(kSlots));
  // A list's items start where slots of the next layer inwards do.
  Select(static_cast<std::uint16_t>(layer.start - 1), layer.inside, nullptr, Words(kItems));
  ValidityOf(layer, num_slots, &node->validity());
  return node->AppendStarts(Words(kSlots), Words(kItems), num_words_, num_slots);
}

void Entries::AppendStructs(const LayerLevels& layer, std::uint64_t phase, ValiditySink* validity) const {
  if (def_ == nullptr && (rep_ == nullptr || layer.start == 0)) {
    validity->AppendValid(CeilDiv(phase + count_, layer.stride) - CeilDiv(phase, layer.stride));
    return;
  }
  const std::uint64_t* with = nullptr;
  if (layer.stride != 1) {
    std::uint64_t* const first_of_slot = Words(kSlots);
    std::fill_n(first_of_slot, num_words_, 0);
    for (std::uint64_t i = CeilDiv(phase, layer.stride) * layer.stride - phase; i < count_; i += layer.stride)
      first_of_slot[i / 64] |= std::uint64_t{1} << (i % 64);
    with = first_of_slot;
  }
  ValidityOf(layer, Select(layer.start, layer.visible, with, Words(kSlots)), validity);
}

VisibleEntries Entries::AppendLeaf(const LayerLevels& layer, LeafSink* sink) const {
  if (def_ == nullptr) {
    sink->AppendValid(count_);
    return {count_, nullptr};
  }
  const std::uint64_t num_slots = kernels::MaskRange(def_, count_, 0, layer.visible, nullptr, Words(kSlots));
  return {num_slots, ValidityOf(layer, num_slots, &sink->validity())};
}

}  // namespace

Result<VisibleEntries> AppendEntries(const PageLevels& levels, const std::uint16_t* rep, const std::uint16_t* def,
                                     std::uint64_t count, LeafSink* sink, MutableBuffer* memory) {
  if (count == 0) return VisibleEntries{};
  const Entries entries(rep, levels.max_def() == 0 ? nullptr : def, count, memory);
  const std::vector<LayerLevels>& layers = levels.layers();
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    NodeSink* const node = sink->parent(i);
    if (node == nullptr) continue;
    if (layers[i].kind == NodeKind::kList) {
      LANCEKIT_TRY(entries.AppendLists(layers[i], node));
    } else {
      entries.AppendStructs(layers[i], sink->entries(), &node->validity());
    }
  }
  sink->CountEntries(count);
  return entries.AppendLeaf(layers.back(), sink);
}

}  // namespace lancekit

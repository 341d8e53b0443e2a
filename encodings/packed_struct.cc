// Packed structs: the fields of a row side by side, as one value.
//
//   fixed (PackedStruct): each field takes its width, in whole bytes; the same in chunks and in full-zip pages
//   variable (VariablePackedStruct, full-zip pages of 2.2): each field in its own encoding of single values; one of variable
//   width behind its length of 32 or 64 bits
//
// Fields cannot be null; the struct can.
// Source: lance protos/encodings_v2_1.proto (PackedStruct, VariablePackedStruct), rust lance-encoding physical/packed.rs.
#include <fmt/ranges.h>

#include <cstring>

#include "base/checked_math.h"
#include "encodings/definitions.h"

namespace lancekit {
namespace {

class PackedStructDecoder final : public ChunkDecoder, public ValueDecoder {
 public:
  explicit PackedStructDecoder(std::vector<std::uint64_t> widths) : widths_(std::move(widths)) {
    for (const std::uint64_t width : widths_) row_bytes_ += width;
  }

  Status Decode(const Chunk& chunk, ValueRange range, ValueSink* sink, Scratch*) const override {
    std::uint64_t size = 0;
    if (!CheckedMul(chunk.num_values, row_bytes_, &size) || chunk.buffers[0].size() < size) {
      return Corrupt("packed struct: {} bytes for {} rows of {} bytes", chunk.buffers[0].size(), chunk.num_values, row_bytes_);
    }
    Split(chunk.buffers[0].data() + range.first * row_bytes_, range.count, sink);
    return {};
  }

  std::uint64_t stored_bytes() const noexcept override { return row_bytes_; }
  Status Append(Bytes stored, ValueSink* sink, Scratch*) const override {
    Split(stored.data(), 1, sink);
    return {};
  }

 private:
  void Split(const std::byte* rows, std::uint64_t count, ValueSink* sink) const {
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      const std::uint64_t width = widths_[i];
      std::byte* const to = sink->field(i).AppendFixed(count);
      for (std::uint64_t row = 0; row < count; ++row) std::memcpy(to + row * width, rows + row * row_bytes_, width);
      rows += width;
    }
    sink->CountRows(count);
  }

  std::vector<std::uint64_t> widths_;  // bytes
  std::uint64_t row_bytes_ = 0;
};

template <class Decoder>
Result<std::unique_ptr<Decoder>> MakeFixed(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.packed() || shape.fields.size() != encoding.child_bits.size()) {
    return Corrupt("packed struct: {} fields where the type has {}", encoding.child_bits.size(), shape.fields.size());
  }
  std::vector<std::uint64_t> widths;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < shape.fields.size(); ++i) {
    const std::uint64_t bits = encoding.child_bits[i];
    if (!shape.fields[i].fixed() || bits != shape.fields[i].width_bits || bits % 8 != 0 || bits == 0) {
      return Corrupt("packed struct: field {} has {} bits where its type has {}", i, bits, shape.fields[i].width_bits);
    }
    sum += bits;
    widths.push_back(bits / 8);
  }
  const bool is_flat = encoding.children.size() == 1 && encoding.children[0].id == format::EncodingId::kFlat &&
                       encoding.children[0].bits == sum && !encoding.children[0].compression.has_value();
  if (!is_flat) return Unsupported("packed struct: rows of {} bits that are not flat", sum);
  return std::unique_ptr<Decoder>(std::make_unique<PackedStructDecoder>(std::move(widths)));
}

class VariablePackedStructDecoder final : public ValueDecoder {
 public:
  struct FieldDecoder {
    std::unique_ptr<ValueDecoder> decoder;
    std::uint64_t length_bytes = 0;  ///< 0: of fixed width
  };
  explicit VariablePackedStructDecoder(std::vector<FieldDecoder> fields) : fields_(std::move(fields)) {}

  std::uint64_t stored_bytes() const noexcept override { return 0; }
  Status Append(Bytes stored, ValueSink* sink, Scratch* scratch) const override {
    ByteReader reader(stored);
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      const FieldDecoder& field = fields_[i];
      std::uint64_t size = field.decoder->stored_bytes();
      if (field.length_bytes != 0) {
        Bytes length;
        if (!reader.Read(field.length_bytes, &length)) return Exceeds(i, stored);
        size = 0;
        std::memcpy(&size, length.data(), field.length_bytes);
      }
      Bytes value;
      if (!reader.Read(size, &value)) return Exceeds(i, stored);
      LANCEKIT_TRY(field.decoder->Append(value, &sink->field(i), scratch));
    }
    sink->CountRows(1);
    return {};
  }

 private:
  static Status Exceeds(std::size_t field, Bytes stored) {
    return Corrupt("packed struct: field {} exceeds the {} bytes of its row", field, stored.size());
  }

  std::vector<FieldDecoder> fields_;
};

Result<std::unique_ptr<ValueDecoder>> MakeVariable(const format::Encoding& encoding, const ValueShape& shape) {
  if (!shape.packed() || shape.fields.size() != encoding.children.size()) {
    return Corrupt("packed struct: {} fields where the type has {}", encoding.children.size(), shape.fields.size());
  }
  std::vector<VariablePackedStructDecoder::FieldDecoder> fields;
  for (std::size_t i = 0; i < shape.fields.size(); ++i) {
    VariablePackedStructDecoder::FieldDecoder field;
    LANCEKIT_ASSIGN(field.decoder, MakeValueDecoder(encoding.children[i], shape.fields[i]));
    const std::uint64_t bits = encoding.child_bits[i];
    const bool is_variable = field.decoder->stored_bytes() == 0;
    if (encoding.child_is_variable[i] != is_variable ||
        (is_variable ? bits != 32 && bits != 64 : bits != field.decoder->stored_bytes() * 8)) {
      return Corrupt("packed struct: field {} has {} bits", i, bits);
    }
    field.length_bytes = is_variable ? bits / 8 : 0;
    fields.push_back(std::move(field));
  }
  return std::unique_ptr<ValueDecoder>(std::make_unique<VariablePackedStructDecoder>(std::move(fields)));
}

std::string Describe(const format::Encoding& encoding) { return fmt::format("{} bit", fmt::join(encoding.child_bits, " + ")); }

}  // namespace

constinit const EncodingDef kPackedStruct{
    .id = format::EncodingId::kPackedStruct,
    .name = "packed_struct",
    .make_chunk_decoder = &MakeFixed<ChunkDecoder>,
    .make_value_decoder = &MakeFixed<ValueDecoder>,
    .describe = &Describe,
};

constinit const EncodingDef kVariablePackedStruct{
    .id = format::EncodingId::kVariablePackedStruct,
    .name = "variable_packed_struct",
    .make_value_decoder = &MakeVariable,
    .describe = &Describe,
};

}  // namespace lancekit

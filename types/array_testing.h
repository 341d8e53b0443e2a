// For tests: Arrow C arrays built by hand, of any type and with any offset, beside the text that each slot stands for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "types/array.h"

namespace lancekit::testing {

/// With AddressSanitizer or ThreadSanitizer, which make tests ten times slower: long ones take less.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

inline Field MakeField(std::string name, DataType type, bool nullable = true) {
  return {.name = std::move(name), .type = std::move(type), .nullable = nullable};
}

/// An exported schema that is released at the end of the scope.
class OwnedSchema {
 public:
  explicit OwnedSchema(const Field& field) { ExportField(field, &schema_); }
  explicit OwnedSchema(const Schema& schema) { ExportSchema(schema, &schema_); }
  OwnedSchema(const OwnedSchema&) = delete;
  OwnedSchema& operator=(const OwnedSchema&) = delete;
  ~OwnedSchema() {
    if (schema_.release != nullptr) schema_.release(&schema_);
  }
  ArrowSchema& operator*() { return schema_; }
  ArrowSchema* operator->() { return &schema_; }

 private:
  ArrowSchema schema_{};
};

/// An ArrowArray over buffers of exactly the size needed, so that AddressSanitizer sees any read beyond them.
class HandArray {
 public:
  explicit HandArray(std::int64_t length, std::int64_t offset = 0, std::int64_t null_count = -1);
  HandArray(const HandArray&) = delete;
  HandArray& operator=(const HandArray&) = delete;

  ArrowArray& c() { return c_; }
  HandArray& AddNullBuffer();
  HandArray& AddBytes(const void* bytes, std::size_t size);
  template <class T>
  HandArray& AddBuffer(const std::vector<T>& values) {
    return AddBytes(values.data(), values.size() * sizeof(T));
  }
  HandArray& AddChild(std::unique_ptr<HandArray> child);
  HandArray& SetDictionary(std::unique_ptr<HandArray> dictionary);
  /// Pre: no offset here nor below.
  ArrayData ToArrayData() const;

 private:
  ArrowArray c_{};
  std::vector<std::unique_ptr<std::byte[]>> storage_;
  std::vector<std::size_t> sizes_;
  std::vector<const void*> buffers_;
  std::vector<std::unique_ptr<HandArray>> children_;
  std::vector<ArrowArray*> child_pointers_;
  std::unique_ptr<HandArray> dictionary_;
};

/// A random array and what its slots hold, as Render() puts it.
struct MadeArray {
  std::unique_ptr<HandArray> array;
  std::vector<std::string> expected;
};

struct MakeOptions {
  bool offsets = true;                ///< random offsets at every level
  bool nulls = true;                  ///< of this level; below, nullable fields have nulls
  Storage storage = Storage::kPlain;  ///< of this level; kView for strings and binaries only
};
MadeArray MakeArray(const DataType& type, std::int64_t length, const MakeOptions& options, std::mt19937* random);

/// The slot's value as text: "null", hex digits, or brackets around the values of children.
std::string Render(const ArrayView& view, std::int64_t slot);

/// One of each type id and parameter, flat ones first, then nested ones.
std::vector<DataType> AllTypes();

}  // namespace lancekit::testing

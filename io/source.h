// Where file bytes come from: random-access reads behind one interface. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/buffer.h"
#include "base/context_impl.h"
#include "base/status.h"

namespace lancekit {

class Source {
 public:
  virtual ~Source() = default;
  const std::string& path() const noexcept { return path_; }
  std::uint64_t size() const noexcept { return size_; }

  /// Exactly the bytes [offset, offset + size). Mapped sources answer without a copy; the Buffer keeps the mapping alive.
  /// Errors: kCorruption when the range does not fit in the file, kIo.
  LANCEKIT_EXPORT Result<Buffer> Read(std::uint64_t offset, std::uint64_t size) const;
  /// True when Read() costs no copy.
  virtual bool mapped() const noexcept { return false; }

 protected:
  Source(std::string path, std::uint64_t size, ContextImpl* context) : path_(std::move(path)), size_(size), context_(context) {}
  virtual Result<Buffer> DoRead(std::uint64_t offset, std::uint64_t size) const = 0;

 private:
  std::string path_;
  std::uint64_t size_;
  ContextImpl* context_;
};

/// A local regular file, by the context's IoMode. The context must outlive the source.
LANCEKIT_EXPORT Result<std::shared_ptr<Source>> OpenFileSource(ContextImpl& context, const std::string& path);
/// Bytes in memory; `path` only names them in errors.
std::shared_ptr<Source> MakeMemorySource(Buffer bytes, std::string path);

}  // namespace lancekit

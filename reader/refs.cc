#include "reader/refs.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "format/flat_json.h"
#include "io/source.h"

namespace lancekit {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxRefBytes = 16 << 20;

/// The name behind a file name's stem, where '/' and other characters are written %XX. Empty when it is none or leads out
/// of the dataset.
std::string DecodeName(const std::string& stem) {
  std::string name;
  for (std::size_t i = 0; i < stem.size(); ++i) {
    if (stem[i] != '%') {
      name.push_back(stem[i]);
      continue;
    }
    unsigned code = 0;
    const char* digits = stem.data() + i + 1;
    if (i + 2 >= stem.size() || std::from_chars(digits, digits + 2, code, 16).ptr != digits + 2) return {};
    name.push_back(static_cast<char>(code));
    i += 2;
  }
  const fs::path path(name);
  const bool leaves = path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end();
  return leaves || name.find('\0') != std::string::npos ? std::string() : name;
}

struct RefFile {
  std::string name;
  std::vector<format::JsonMember> members;
};

Result<std::vector<RefFile>> ReadRefs(ContextImpl& context, const fs::path& folder) {
  std::vector<RefFile> refs;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = DecodeName(it->path().stem().string());
    if (it->path().extension() != ".json" || name.empty()) continue;
    const std::string path = it->path().string();
    LANCEKIT_ASSIGN(const std::shared_ptr<Source> source, OpenFileSource(context, path));
    if (source->size() > kMaxRefBytes)
      return Status(At(Corrupt("{} bytes are no tag or branch", source->size()), {.path = path}));
    LANCEKIT_ASSIGN(const Buffer bytes, source->Read(0, source->size()));
    auto members = format::ParseFlatJson({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (!members) return At(std::move(members).status(), {.path = path});
    refs.push_back({name, *std::move(members)});
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Status(At(MakeError(ErrorCode::kIo, "cannot list: {}", error.message()), {.path = folder.string()}));
  }
  std::ranges::sort(refs, {}, &RefFile::name);
  return refs;
}

Result<std::uint64_t> VersionMember(const RefFile& ref, std::string_view member, const fs::path& folder) {
  const auto version = format::NumberMember(ref.members, member);
  if (!version) return Status(At(Corrupt("\"{}\" names no version", ref.name), {.path = folder.string()}));
  return *version;
}

}  // namespace

Result<std::vector<Tag>> ListTags(ContextImpl& context, const std::string& dataset) {
  const fs::path folder = fs::path(dataset) / "_refs" / "tags";
  LANCEKIT_ASSIGN(const std::vector<RefFile> refs, ReadRefs(context, folder));
  std::vector<Tag> tags;
  for (const RefFile& ref : refs) {
    LANCEKIT_ASSIGN(const std::uint64_t version, VersionMember(ref, "version", folder));
    tags.push_back({ref.name, format::StringMember(ref.members, "branch"), version});
  }
  return tags;
}

Result<std::vector<Branch>> ListBranches(ContextImpl& context, const std::string& dataset) {
  const fs::path folder = fs::path(dataset) / "_refs" / "branches";
  LANCEKIT_ASSIGN(const std::vector<RefFile> refs, ReadRefs(context, folder));
  std::vector<Branch> branches;
  for (const RefFile& ref : refs) {
    LANCEKIT_ASSIGN(const std::uint64_t version, VersionMember(ref, "parentVersion", folder));
    branches.push_back({ref.name, format::StringMember(ref.members, "parentBranch"), version});
  }
  return branches;
}

}  // namespace lancekit

#include "tools/lance-index/queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <limits>

#include "base/bitmap.h"
#include "base/checked_math.h"
#include "base/endian.h"
#include "base/status.h"
#include "index/codes.h"
#include "index/column.h"
#include "io/source.h"
#include "tools/common/exported_batch.h"
#include "tools/lance-index/converted.h"

namespace lancekit::tools {
namespace {

using index::kMaxDimensions;

float LoadAs(kernels::Element element, const std::byte* from) {
  const float one = 1;
  return kernels::Distances().dot[static_cast<std::size_t>(element)](&one, from, 1);
}

/// Numbers that lie in a row, as floats.
bool AppendNumbers(char kind, std::size_t width, const std::byte* from, std::size_t count, std::vector<float>* to) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::byte* const at = from + i * width;
    if (kind == 'f' && width == 4) {
      to->push_back(LoadLe<float>(at));
    } else if (kind == 'f' && width == 8) {
      to->push_back(static_cast<float>(LoadLe<double>(at)));
    } else if (kind == 'f' && width == 2) {
      to->push_back(LoadAs(kernels::Element::kFloat16, at));
    } else if (kind == 'b' && width == 2) {
      to->push_back(LoadAs(kernels::Element::kBFloat16, at));
    } else if (kind == 'i' && width == 1) {
      to->push_back(LoadAs(kernels::Element::kInt8, at));
    } else if (kind == 'u' && width == 1) {
      to->push_back(static_cast<float>(static_cast<std::uint8_t>(*at)));
    } else {
      return false;
    }
  }
  return true;
}

/// What stands behind 'key': in the header of a .npy file, up to `end`.
std::string_view ValueOf(std::string_view header, std::string_view key, char end) {
  const std::size_t at = header.find("'" + std::string(key) + "':");
  if (at == std::string_view::npos) return {};
  std::string_view value = header.substr(at + key.size() + 3);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value.substr(0, value.find(end));
}

/// Source: numpy.lib.format, versions 1.0 to 3.0.
Result<QueryVectors> ParseNpy(Bytes bytes, std::uint64_t most) {
  constexpr char kMagic[] = "\x93NUMPY";
  constexpr std::size_t kMagicSize = 6;
  if (bytes.size() < 12 || std::memcmp(bytes.data(), kMagic, kMagicSize) != 0) return Corrupt("not a .npy file");
  const bool is_first = bytes[6] == std::byte{1};
  const std::uint64_t size = is_first ? LoadLe<std::uint16_t>(bytes.data() + 8) : LoadLe<std::uint32_t>(bytes.data() + 8);
  const std::uint64_t start = is_first ? 10 : 12;
  if (!RangeFits(start, size, bytes.size())) return Corrupt("a header of {} bytes in {}", size, bytes.size());
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + start, size);
  const std::string_view type = ValueOf(header, "descr", ',');
  const std::string_view shape = ValueOf(header, "shape", ')');
  constexpr std::string_view kKinds = "fiu";
  if (type.size() != 5 || kKinds.find(type[2]) == std::string_view::npos || (type[1] != '<' && type[1] != '|') || type[3] < '1' ||
      type[3] > '8')
    return Unsupported("an array of {}; vectors are '<f4', '<f8', '<f2', '|i1' or '|u1'", type);
  if (ValueOf(header, "fortran_order", ',') != "False") return Unsupported("an array in Fortran order");
  std::vector<std::uint64_t> sizes;
  for (const char* at = shape.data(); at < shape.data() + shape.size();) {
    std::uint64_t number = 0;
    const auto [stop, error] = std::from_chars(at, shape.data() + shape.size(), number);
    if (error == std::errc()) sizes.push_back(number);
    at = error == std::errc() ? stop : at + 1;
  }
  if (sizes.size() == 1) sizes.insert(sizes.begin(), 1);
  if (sizes.size() != 2) return Unsupported("an array of {} dimensions; vectors are rows of two", sizes.size());
  const auto width = static_cast<std::size_t>(type[3] - '0');
  std::uint64_t count = 0, needed = 0;
  if (!CheckedMul(sizes[0], sizes[1], &count) || !CheckedMul<std::uint64_t>(count, width, &needed) ||
      needed > bytes.size() - start - size || sizes[1] > kMaxDimensions)
    return Corrupt("an array of {} x {} in {} bytes", sizes[0], sizes[1], bytes.size());
  if (most != 0) count = std::min(sizes[0], most) * sizes[1];
  QueryVectors vectors{static_cast<std::uint32_t>(sizes[1]), {}};
  if (!AppendNumbers(type[2], width, bytes.data() + start + size, count, &vectors.values))
    return Unsupported("an array of {}; vectors are '<f4', '<f8', '<f2', '|i1' or '|u1'", type);
  return vectors;
}

/// Each vector behind its number of dimensions, 4 bytes each. Source: corpus-texmex.irisa.fr.
Result<QueryVectors> ParseFvecs(Bytes bytes, std::uint64_t most) {
  QueryVectors vectors;
  if (bytes.size() < 4) return Corrupt("{} bytes are no .fvecs file", bytes.size());
  vectors.dimensions = LoadLe<std::uint32_t>(bytes.data());
  if (vectors.dimensions == 0 || vectors.dimensions > kMaxDimensions)
    return Corrupt("vectors of {} dimensions", vectors.dimensions);
  const std::uint64_t row_bytes = 4 + std::uint64_t{vectors.dimensions} * 4;
  if (bytes.size() % row_bytes != 0) return Corrupt("{} bytes are no rows of {}", bytes.size(), row_bytes);
  std::uint64_t count = bytes.size() / row_bytes;
  if (most != 0) count = std::min(count, most);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::byte* const row = bytes.data() + i * row_bytes;
    if (LoadLe<std::uint32_t>(row) != vectors.dimensions)
      return Corrupt("vector {} has {} dimensions, those before {}", i, LoadLe<std::uint32_t>(row), vectors.dimensions);
    AppendNumbers('f', 4, row + 4, vectors.dimensions, &vectors.values);
  }
  return vectors;
}

/// What the numbers of a column are: the letter and width of numpy, 'b' for brain floating point numbers.
std::optional<std::pair<char, std::size_t>> NumbersOf(const Field& item) {
  if (const auto element = index::ElementOf(item)) {
    constexpr std::pair<char, std::size_t> kKinds[] = {{'f', 4}, {'f', 2}, {'b', 2}, {'i', 1}};
    return kKinds[static_cast<std::size_t>(*element)];
  }
  if (item.type.id == TypeId::kFloat64) return std::pair('f', std::size_t{8});
  if (item.type.id == TypeId::kUInt8) return std::pair('u', std::size_t{1});
  return std::nullopt;
}

bool IsValid(const ArrowArray& array, std::size_t i) {
  return array.null_count == 0 || array.buffers[0] == nullptr ||
         GetBit(static_cast<const std::byte*>(array.buffers[0]), static_cast<std::size_t>(array.offset) + i);
}

/// Adds the vectors of a batch of one column, of lists that all have the same size.
Status AppendBatch(const Batch& batch, QueryVectors* vectors) {
  const Field& field = batch.schema().fields[0];
  const Field row{.name = "", .type = {.id = TypeId::kStruct, .children = batch.schema().fields}};
  const bool is_fixed = field.type.id == TypeId::kFixedSizeList, is_large = field.type.id == TypeId::kLargeList;
  const auto numbers = is_fixed || is_large || field.type.id == TypeId::kList ? NumbersOf(field.type.children[0]) : std::nullopt;
  if (!numbers.has_value()) return Invalid("column '{}' is {}, no vectors of numbers", field.name, field.type.to_string());
  ExportedBatch exported;
  LANCEKIT_TRY(exported.Export(batch, row).status());
  const ArrowArray& lists = *exported.array().children[0];
  const ArrowArray& items = *lists.children[0];
  const auto* const values = static_cast<const std::byte*>(items.buffers[1]);
  for (std::size_t i = 0; i < static_cast<std::size_t>(lists.length); ++i) {
    const std::size_t at = static_cast<std::size_t>(lists.offset) + i;
    std::size_t first = at * static_cast<std::size_t>(std::max(field.type.size, std::int64_t{0}));
    std::size_t end = first + static_cast<std::size_t>(std::max(field.type.size, std::int64_t{0}));
    if (!is_fixed) {
      const auto* const offsets = static_cast<const std::byte*>(lists.buffers[1]);
      const auto offset = [&](std::size_t of) {
        return static_cast<std::size_t>(is_large ? LoadLe<std::int64_t>(offsets + 8 * of)
                                                 : LoadLe<std::int32_t>(offsets + 4 * of));
      };
      first = offset(at), end = offset(at + 1);
    }
    const std::size_t dimensions = end - first, number = vectors->size();
    bool is_whole = IsValid(lists, i);
    for (std::size_t item = first; is_whole && item < end; ++item) is_whole = IsValid(items, item);
    if (!is_whole) return Invalid("vector {} of column '{}' is null", number, field.name);
    if (vectors->dimensions == 0) vectors->dimensions = static_cast<std::uint32_t>(dimensions);
    if (dimensions != vectors->dimensions || dimensions == 0 || dimensions > kMaxDimensions)
      return Invalid("vector {} of column '{}' has {} dimensions{}", number, field.name, dimensions,
                     number == 0 ? "" : fmt::format(", those before {}", vectors->dimensions));
    const auto [kind, width] = *numbers;
    AppendNumbers(kind, width, values + (static_cast<std::size_t>(items.offset) + first) * width, dimensions, &vectors->values);
  }
  return {};
}

/// A folder, or a file that ends as Lance files do or is called one.
Result<bool> IsLance(const Context& context, const std::string& path) {
  constexpr char kMagic[] = {'L', 'A', 'N', 'C'};
  std::error_code error;
  if (path.ends_with(".lance") || std::filesystem::is_directory(path, error)) return true;
  LANCEKIT_ASSIGN(const auto source, OpenFileSource(context.impl(), path));
  if (source->size() < sizeof(kMagic)) return false;
  LANCEKIT_ASSIGN(const Buffer tail, source->Read(source->size() - sizeof(kMagic), sizeof(kMagic)));
  return std::memcmp(tail.data(), kMagic, sizeof(kMagic)) == 0;
}

}  // namespace

Result<QueryVectors> ParseQuery(const std::string& text, const Table& table, const std::string& column) {
  QueryVectors vectors;
  if (text.starts_with("row:")) {
    std::int64_t row = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + 4, end, row);
    if (error != std::errc() || stop != end) return Invalid("row: takes a number, not \"{}\"", text.substr(4));
    LANCEKIT_ASSIGN(const Batch batch, table.take({row}, {column}));
    LANCEKIT_TRY(AppendBatch(batch, &vectors));
    return vectors;
  }
  const std::size_t first = text.find('['), last = text.rfind(']');
  if (first == std::string::npos || last == std::string::npos || last < first || text.find_first_not_of(" \t") != first ||
      text.find_last_not_of(" \t") != last)
    return Invalid("a vector is [0.1, 0.2, ...] or row:N, not \"{}\"", text);
  const char* at = text.data() + first + 1;
  const char* const end = text.data() + last;
  while (true) {
    while (at < end && (*at == ' ' || *at == ',' || *at == '\n' || *at == '\t')) ++at;
    if (at == end) break;
    float number = 0;
    const auto [stop, error] = std::from_chars(at, end, number);
    const bool ends = error == std::errc() && (stop == end || std::string_view(", \n\t").find(*stop) != std::string_view::npos);
    if (!ends) return Invalid("\"{}\" is no number", std::string(at, std::min(end, at + 12)));
    vectors.values.push_back(number);
    at = stop;
  }
  if (vectors.values.empty()) return Invalid("a vector of no numbers");
  vectors.dimensions = static_cast<std::uint32_t>(vectors.values.size());
  return vectors;
}

Result<QueryVectors> ReadQueries(const Context& context, const std::string& path, const std::string& column, std::uint64_t most) {
  if (path.ends_with(".npy") || path.ends_with(".fvecs")) {
    LANCEKIT_ASSIGN(const auto source, OpenFileSource(context.impl(), path));
    LANCEKIT_ASSIGN(const Buffer bytes, source->Read(0, source->size()));
    auto vectors = path.ends_with(".npy") ? ParseNpy(bytes.bytes(), most) : ParseFvecs(bytes.bytes(), most);
    if (!vectors.has_value()) vectors.error().path = path;
    return vectors;
  }
  std::string file = path, name = column;
  std::error_code error;
  for (std::size_t at = path.rfind(':'); at != std::string::npos && at != 0 && !std::filesystem::exists(file, error);
       at = path.rfind(':', at - 1)) {
    file = path.substr(0, at);
    name = path.substr(at + 1);
  }
  LANCEKIT_ASSIGN(const bool is_lance, IsLance(context, file));
  std::optional<ConvertedFile> converted;
  if (!is_lance) {
    LANCEKIT_ASSIGN(converted, ConvertedFile::Make(context, file, name, most));
  }
  LANCEKIT_ASSIGN(const Table table, open(context, is_lance ? file : converted->path()));
  Scan scan = table.scan();
  scan.select({name});
  if (most != 0) scan.limit(most);
  QueryVectors vectors;
  while (true) {
    LANCEKIT_ASSIGN(const std::optional<Batch> batch, scan.next());
    if (!batch.has_value()) break;
    LANCEKIT_TRY(AppendBatch(*batch, &vectors));
  }
  return vectors;
}

}  // namespace lancekit::tools

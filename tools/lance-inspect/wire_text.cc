#include "tools/lance-inspect/wire_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <protozero/pbf_reader.hpp>
#include <span>
#include <vector>

#include "tools/common/value_text.h"

namespace lancekit::tools {
namespace {

constexpr int kMaxDepth = 24;
constexpr std::size_t kLongestText = 1000;

struct WireField {
  std::uint32_t number = 0;
  bool is_bytes = false;
  std::uint64_t value = 0;
  std::string_view bytes;
};

/// False when the bytes are no message.
bool Parse(std::string_view message, std::vector<WireField>* fields) {
  try {
    protozero::pbf_reader reader(message.data(), message.size());
    while (reader.next()) {
      WireField field{.number = reader.tag()};
      switch (reader.wire_type()) {
        case protozero::pbf_wire_type::varint:
          field.value = reader.get_uint64();
          break;
        case protozero::pbf_wire_type::fixed64:
          field.value = reader.get_fixed64();
          break;
        case protozero::pbf_wire_type::fixed32:
          field.value = reader.get_fixed32();
          break;
        case protozero::pbf_wire_type::length_delimited: {
          const protozero::data_view view = reader.get_view();
          field.is_bytes = true;
          field.bytes = {view.data(), view.size()};
          break;
        }
        default:
          return false;
      }
      fields->push_back(field);
    }
  } catch (const protozero::exception&) {
    return false;
  }
  return true;
}

bool IsText(std::string_view bytes) {
  return bytes.size() <= kLongestText && std::ranges::all_of(bytes, [](char c) { return (c >= ' ' && c <= '~') || c == '\n'; });
}

std::span<const std::byte> AsBytes(std::string_view bytes) { return std::as_bytes(std::span(bytes)); }

/// True when the bytes look like a message, not like text.
bool IsMessage(std::string_view bytes, int depth, std::vector<WireField>* fields) {
  return depth < kMaxDepth && !bytes.empty() && !IsText(bytes) && Parse(bytes, fields);
}

void AppendText(const std::vector<WireField>& fields, int depth, std::string* out) {
  const std::string indent(2 * static_cast<std::size_t>(depth), ' ');
  for (const WireField& field : fields) {
    std::vector<WireField> inner;
    if (!field.is_bytes) {
      *out += fmt::format("{}{}: {}\n", indent, field.number, field.value);
    } else if (IsMessage(field.bytes, depth, &inner)) {
      *out += fmt::format("{}{} {{\n", indent, field.number);
      AppendText(inner, depth + 1, out);
      *out += indent + "}\n";
    } else if (IsText(field.bytes)) {
      std::string text;
      AppendJsonString(field.bytes, text);
      *out += fmt::format("{}{}: {}\n", indent, field.number, text);
    } else {
      std::string hex;
      AppendHex(AsBytes(field.bytes.substr(0, kLongestText)), &hex);
      *out += fmt::format("{}{}: 0x{}{}\n", indent, field.number, hex, field.bytes.size() > kLongestText ? "…" : "");
    }
  }
}

void AppendJson(const std::vector<WireField>& fields, int depth, JsonWriter* json) {
  json->BeginArray();
  for (const WireField& field : fields) {
    json->BeginObject().Member("field", field.number);
    std::vector<WireField> inner;
    if (!field.is_bytes) {
      json->Member("value", field.value);
    } else if (IsMessage(field.bytes, depth, &inner)) {
      json->Key("message");
      AppendJson(inner, depth + 1, json);
    } else if (IsText(field.bytes)) {
      json->Member("value", field.bytes);
    } else {
      std::string text;
      AppendBase64(AsBytes(field.bytes), &text);
      json->Member("base64", text);
    }
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

std::string WireText(std::string_view message) {
  std::vector<WireField> fields;
  std::string text;
  if (Parse(message, &fields)) AppendText(fields, 0, &text);
  return text;
}

void AppendWireJson(std::string_view message, JsonWriter* json) {
  std::vector<WireField> fields;
  if (!Parse(message, &fields)) fields.clear();
  AppendJson(fields, 0, json);
}

}  // namespace lancekit::tools

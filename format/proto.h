// Small helpers over protozero. Fields are told apart by number and wire type together, so a field of another wire type
// than expected is skipped like an unknown one. protozero throws on malformed bytes: public parse functions go through
// CatchMalformed, and nothing else lets an exception escape.
#pragma once

#include <cstdint>
#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/byte_reader.h"
#include "base/status.h"

namespace lancekit::format {

using protozero::pbf_reader;
using protozero::pbf_writer;

/// Cases of a switch over pbf_reader::tag_and_type().
constexpr std::uint32_t VarintField(std::uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::varint);
}
constexpr std::uint32_t BytesField(std::uint32_t number) {
  return protozero::tag_and_type(number, protozero::pbf_wire_type::length_delimited);
}

inline pbf_reader ReaderOf(Bytes message) {
  return {static_cast<const char*>(static_cast<const void*>(message.data())), message.size()};
}
inline Bytes BytesOf(const protozero::data_view& view) {
  return {static_cast<const std::byte*>(static_cast<const void*>(view.data())), view.size()};
}
inline Bytes BytesOf(const std::string& text) { return BytesOf(protozero::data_view(text)); }
Bytes BytesOf(std::string&&) = delete;
inline std::vector<std::byte> CopyOf(const protozero::data_view& view) {
  const Bytes bytes = BytesOf(view);
  return {bytes.begin(), bytes.end()};
}
inline protozero::data_view ViewOf(const std::vector<std::byte>& bytes) {
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

/// Appends the values of a repeated numeric field, packed or not.
template <class T>
void AppendNumbers(pbf_reader* message, std::vector<T>* out) {
  if (message->wire_type() != protozero::pbf_wire_type::length_delimited) {
    out->push_back(static_cast<T>(message->get_uint64()));
    return;
  }
  for (const std::uint64_t value : message->get_packed_uint64()) out->push_back(static_cast<T>(value));
}

/// One entry of a map<string, string> or map<string, bytes>; absent parts are empty.
inline std::pair<std::string, std::string> ParseMapEntry(pbf_reader entry) {
  std::pair<std::string, std::string> result;
  while (entry.next()) {
    switch (entry.tag_and_type()) {
      case BytesField(1):
        result.first = entry.get_string();
        break;
      case BytesField(2):
        result.second = entry.get_string();
        break;
      default:
        entry.skip();
    }
  }
  return result;
}
template <class Entries>
void WriteMap(pbf_writer* message, std::uint32_t number, const Entries& entries) {
  for (const auto& [key, value] : entries) {
    std::string entry;
    pbf_writer writer(entry);
    if (!key.empty()) writer.add_string(1, key);
    if (!value.empty()) writer.add_string(2, value);
    message->add_message(number, entry);
  }
}

/// Numbers with the default value stay off the wire.
inline void WriteNumber(pbf_writer* message, std::uint32_t number, std::uint64_t value) {
  if (value != 0) message->add_uint64(number, value);
}
inline void WriteText(pbf_writer* message, std::uint32_t number, const std::string& value) {
  if (!value.empty()) message->add_string(number, value);
}

/// Runs parse(), which returns a Result or a Status; malformed protobuf becomes kCorruption of `what`.
template <class Parse>
auto CatchMalformed(const char* what, Parse&& parse) -> decltype(parse()) {
  try {
    return parse();
  } catch (const protozero::exception& e) {
    return Corrupt("malformed {}: {}", what, e.what());
  }
}

}  // namespace lancekit::format

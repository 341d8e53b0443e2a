// JSON text: quoting, and a writer that keeps the order of keys and puts the commas.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json_text.h"

namespace lancekit::tools {

using lancekit::AppendJsonString;
using lancekit::Utf8Length;
/// Appends the shortest text that reads back as the same number; NaN and the infinities become strings.
void AppendJsonNumber(double value, std::string& out);
void AppendJsonNumber(float value, std::string& out);

/// Builds one JSON document without line breaks. Begin/End calls must match.
class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view name);

  JsonWriter& Value(std::string_view text);
  JsonWriter& Value(const std::string& text) { return Value(std::string_view(text)); }
  JsonWriter& Value(const char* text) { return Value(std::string_view(text)); }
  JsonWriter& Value(double value);
  JsonWriter& Value(std::same_as<bool> auto value) { return Raw(value ? "true" : "false"); }
  template <class T>
    requires(std::integral<T> && !std::same_as<T, bool>)
  JsonWriter& Value(T value) {
    return Raw(std::to_string(value));
  }
  JsonWriter& Null() { return Raw("null"); }
  /// A value that is JSON text already.
  JsonWriter& Raw(std::string_view json);

  template <class T>
  JsonWriter& Member(std::string_view name, const T& value) {
    return Key(name).Value(value);
  }

  const std::string& text() const noexcept { return out_; }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string out_;
  bool first_ = true;  // nothing stands before the next item in its object or array
};

}  // namespace lancekit::tools

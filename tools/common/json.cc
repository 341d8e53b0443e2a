#include "tools/common/json.h"

#include <fmt/format.h>

#include <cmath>

namespace lancekit::tools {
namespace {

template <class T>
void AppendNumber(T value, std::string& out) {
  if (std::isnan(value)) {
    out += "\"NaN\"";
  } else if (std::isinf(value)) {
    out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
  } else {
    const std::size_t begin = out.size();
    fmt::format_to(std::back_inserter(out), "{}", value);
    // A floating-point number stays one when it is read back.
    if (out.find_first_not_of("-0123456789", begin) == std::string::npos) out += ".0";
  }
}

}  // namespace

void AppendJsonNumber(double value, std::string& out) { AppendNumber(value, out); }
void AppendJsonNumber(float value, std::string& out) { AppendNumber(value, out); }

JsonWriter& JsonWriter::Key(std::string_view name) {
  Separate();
  AppendJsonString(name, out_);
  out_.push_back(':');
  first_ = true;  // the value follows its key directly
  return *this;
}

JsonWriter& JsonWriter::Value(std::string_view text) {
  Separate();
  AppendJsonString(text, out_);
  return *this;
}

JsonWriter& JsonWriter::Value(double value) {
  Separate();
  AppendJsonNumber(value, out_);
  return *this;
}

JsonWriter& JsonWriter::Raw(std::string_view json) {
  Separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  out_.push_back(bracket);
  first_ = true;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  out_.push_back(bracket);
  first_ = false;
  return *this;
}

void JsonWriter::Separate() {
  if (!first_) out_.push_back(',');
  first_ = false;
}

}  // namespace lancekit::tools

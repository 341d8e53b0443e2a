// A table of facts about files, written in any output format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/common/json.h"
#include "tools/lance-inspect/session.h"

namespace lancekit::tools {

/// One fact: for people, for programs that read text, and as JSON.
struct Fact {
  std::string shown;
  std::string exact;
  std::string json;
  bool is_null = false;

  static Fact Text(std::string_view text);
  static Fact Count(std::uint64_t count);
  /// Numbers like ids: no digit groups. -1 = none.
  static Fact Number(std::int64_t number);
  static Fact Bytes(std::uint64_t bytes, const Session& session);
  static Fact Share(double share);
  static Fact Ratio(double ratio);
  static Fact None();
  /// A list of names; text has them after each other.
  static Fact List(const std::vector<std::string>& names);
};

struct SheetColumn {
  std::string key;    ///< in JSON and as title of the text formats for programs
  std::string title;  ///< in tables
  bool right = false;
  bool in_table = true;   ///< false: not for people
  bool optional = false;  ///< tables: left out where the terminal is too narrow
};

struct Sheet {
  std::string name;  ///< key of the rows in JSON
  std::vector<SheetColumn> columns;
  std::vector<std::vector<Fact>> rows;
  /// Members of the JSON document before the rows, as JSON text.
  std::vector<std::pair<std::string, std::string>> members;
};

/// Writes the sheet; for JSON a whole document.
void WriteSheet(const Sheet& sheet, Session* session);

/// Writes a sheet row by row, which are then not held. The session must outlive it.
class SheetWriter {
 public:
  /// Rows that `sheet` has are not written.
  SheetWriter(const Sheet& sheet, Session* session);
  void Add(const std::vector<Fact>& row);
  /// Members of the JSON document behind the rows.
  void Finish(const std::vector<std::pair<std::string, std::string>>& members = {});

 private:
  std::vector<SheetColumn> columns_;
  Session* session_;
  std::optional<TextTable> text_;
  bool is_first_ = true;
};

/// The start of every JSON document: the contract's name. Objects are still open.
JsonWriter BeginDocument();
std::string JsonText(std::string_view text);
/// The field with its children as one object.
void AppendFieldJson(const Field& field, JsonWriter* json);

}  // namespace lancekit::tools

// A schema in the words of others: Arrow's JSON, and SQL.
#pragma once

#include <cstdint>
#include <string>

#include "lancekit/result.hpp"
#include "lancekit/types.hpp"

namespace lancekit::tools {

/// As Arrow's integration tests write schemas: {"fields": [{"name", "nullable", "type", "children", ...}], "metadata": [...]}.
std::string ArrowJson(const Schema& schema);

enum class SqlDialect : std::uint8_t { kDuckDb, kPostgres };

/// CREATE TABLE for rows of this schema. PostgreSQL has no structs and maps without a type of their own; these become jsonb.
/// Times of the day, and with a time zone, have microseconds, the most that all versions of both take. Errors: kUnsupported for a
/// type that has no counterpart, with the column, and for names that the database takes for one.
Result<std::string> CreateTable(const Schema& schema, const std::string& table, SqlDialect dialect);

}  // namespace lancekit::tools

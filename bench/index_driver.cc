// The lancekit side of bench/vectors.py: builds, opens and searches an index as a C++ user would, one thread, timed from inside.
// Reads one command a line, words separated by tabs, and answers each with one line of JSON:
//
//   ready
//   build TABLE COLUMN SIDECAR CODES     CODES: 8 or 1 bits, or 0
//   open TABLE SIDECAR QUERIES           opens and answers the first of the queries (a file of floats)
//   search EF K OUTPUT [SHARE]           answers all queries, of a share of the rows; rows go to OUTPUT as i32
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "lancekit/index.hpp"

namespace lancekit::bench {
namespace {

double Seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

class Driver {
 public:
  std::string Answer(const std::vector<std::string>& words) {
    if (words[0] == "build" && words.size() == 5) return Build(words);
    if (words[0] == "open" && words.size() == 4) return Open(words);
    if (words[0] == "search" && (words.size() == 4 || words.size() == 5)) return Search(words);
    if (words[0] == "ready") return Took(0);
    return "{\"error\":\"unknown command\"}";
  }

 private:
  static std::string Failed(const Error& error) {
    std::string text = error.describe();
    for (char& c : text) c = c == '"' || c == '\\' || c == '\n' ? '\'' : c;
    return "{\"error\":\"" + text + "\"}";
  }
  static std::string Took(double seconds) {
    std::ostringstream out;
    out << "{\"seconds\":" << seconds << "}";
    return out.str();
  }

  std::string Build(const std::vector<std::string>& words) {
    BuildOptions options;
    options.codes = words[4] == "8" ? VectorCodes::k8Bit : words[4] == "1" ? VectorCodes::k1Bit : VectorCodes::kNone;
    const double start = Seconds();
    const Status status = VectorIndex::build(context_, words[1], words[2], words[3], options);
    return status.ok() ? Took(Seconds() - start) : Failed(status.error());
  }

  std::string Open(const std::vector<std::string>& words) {
    index_.reset();
    std::ifstream file(words[3], std::ios::binary | std::ios::ate);
    queries_.resize(static_cast<std::size_t>(file.tellg()) / sizeof(float));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(queries_.data()), static_cast<std::streamsize>(queries_.size() * sizeof(float)));
    IndexOpenOptions options;
    options.sidecar = words[2];
    const double start = Seconds();
    auto opened = VectorIndex::open(context_, words[1], options);
    if (!opened.has_value()) return Failed(opened.error());
    index_ = *std::move(opened);
    const auto first = index_->search({queries_.data(), index_->dimensions()});
    return first.has_value() ? Took(Seconds() - start) : Failed(first.error());
  }

  std::string Search(const std::vector<std::string>& words) {
    if (!index_.has_value()) return "{\"error\":\"nothing is open\"}";
    VectorQuery query;
    query.ef = static_cast<std::uint32_t>(std::stoul(words[1]));
    query.k = static_cast<std::uint32_t>(std::stoul(words[2]));
    const std::size_t dimensions = index_->dimensions();
    std::optional<RowSet> left;
    if (words.size() == 5) {
      const std::vector<std::uint64_t> rows = SomeRows(std::stod(words[4]));
      auto some = index_->rows({rows.data(), rows.size()});
      if (!some.has_value()) return Failed(some.error());
      left = *std::move(some);
      query.rows = &*left;
    }
    std::vector<std::int32_t> rows;
    rows.reserve(queries_.size() / dimensions * query.k);
    const double start = Seconds();
    for (std::size_t at = 0; at < queries_.size(); at += dimensions) {
      const auto hits = index_->search({queries_.data() + at, dimensions}, query);
      if (!hits.has_value()) return Failed(hits.error());
      for (std::size_t i = 0; i < query.k; ++i) rows.push_back(i < hits->size() ? static_cast<std::int32_t>((*hits)[i].row) : -1);
    }
    const double seconds = Seconds() - start;
    std::ofstream(words[3], std::ios::binary)
        .write(reinterpret_cast<const char*>(rows.data()), static_cast<std::streamsize>(rows.size() * sizeof(rows[0])));
    return Took(seconds);
  }

  /// The same as vectors.py takes.
  std::vector<std::uint64_t> SomeRows(double share) const {
    constexpr std::uint64_t kAll = std::uint64_t{1} << 32;
    std::vector<std::uint64_t> rows;
    for (std::uint64_t row = 0; row < index_->size(); ++row) {
      if (row * 2'654'435'761 % kAll < static_cast<std::uint64_t>(share * static_cast<double>(kAll))) rows.push_back(row);
    }
    return rows;
  }

  Context context_{ContextOptions{.threads = 1}};
  std::optional<VectorIndex> index_;
  std::vector<float> queries_;
};

}  // namespace
}  // namespace lancekit::bench

int main() {
  lancekit::bench::Driver driver;
  for (std::string line; std::getline(std::cin, line);) {
    std::vector<std::string> words;
    std::istringstream split(line);
    for (std::string word; std::getline(split, word, '\t');) words.push_back(word);
    if (words.empty()) continue;
    std::cout << driver.Answer(words) << std::endl;
  }
}

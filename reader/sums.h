// The hashes of a table's files in a file of their own, a line of JSON for each file and for each part of it. For files whose
// writer left no hashes in them.
//
//   {"file":"data/1.lance","size":990996}
//   {"offset":0,"size":160400,"part":"page buffer","column":"id","page":0,"buffer":0,"xxh3_64":"7f0a..."}
//
// Names are relative to the dataset, or those of a bare file without its folder.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lancekit/verify.hpp"
#include "reader/findings.h"

namespace lancekit {

struct PartSum {
  Finding place;  ///< with the part's name as its message
  std::uint64_t hash = 0;
};
struct FileSums {
  std::uint64_t size = 0;
  std::vector<PartSum> parts;
};

class Sums {
 public:
  /// Errors: kIo; kCorruption, naming the line.
  static Result<Sums> Read(const Context& context, const std::string& path);
  /// Null when no such file is covered.
  const FileSums* Find(const std::string& name) const;
  /// The files below a folder that are covered.
  std::vector<std::string> NamesIn(const std::string& folder) const;

 private:
  std::map<std::string, FileSums> files_;
};

/// The files beside a data file that hold blobs for it.
std::vector<std::string> SidecarsOf(const std::string& data_file);

/// Compares all parts of the file with their sums. Adds what differs, and what cannot be read.
void CompareSums(const Context& context, const std::string& path, const FileSums& sums, Findings* findings);

}  // namespace lancekit

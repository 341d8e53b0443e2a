#include "index/owner.h"

#include <algorithm>

namespace lancekit::index {

Result<Owner> CheckOwner(const Sidecar& sidecar, const VectorColumn& column) {
  const IndexFacts& own = sidecar.facts();
  const auto refuse = [&](const std::string& why) {
    Error error = Invalid("the index does not belong to the data: {}; build it anew with 'lance-index build --force'", why);
    error.path = sidecar.path();
    return error;
  };
  if (own.element != column.vectors.element() || own.dimensions != column.vectors.dimensions())
    return refuse("column '" + own.column + "' is of another type now");
  if (own.field_id != column.field_id) return refuse("column '" + own.column + "' is another one now");
  for (std::size_t i = 0; i + 1 < own.deleted_rows.size(); i += 2) {
    const std::uint64_t end = own.deleted_rows[i] + own.deleted_rows[i + 1];
    const auto after = std::ranges::upper_bound(column.deleted, own.deleted_rows[i], {}, &RowInterval::first);
    if (after == column.deleted.begin() || std::prev(after)->first + std::prev(after)->count < end)
      return refuse("rows that were deleted are there again");
  }
  const std::size_t common = std::min(own.files.size(), column.files.size());
  for (std::size_t i = 0; i < common; ++i) {
    const DataFileIdentity& indexed = own.files[i];
    const DataFileIdentity& found = column.files[i];
    // A bare file may have another name.
    const bool same_place = own.dataset_version == 0 || (indexed.name == found.name && indexed.fragment == found.fragment);
    if (indexed.identity != found.identity || indexed.num_rows != found.num_rows || !same_place)
      return refuse("file " + found.name + " is not the one that was indexed, " + indexed.name);
  }
  if (own.files.size() > common) return refuse("there is no file " + own.files[common].name);
  if (own.dataset_version > column.dataset_version) {
    Error error =
        Invalid("the index is of version {} of the dataset, not of version {}; open that version, or build an index of this one",
                own.dataset_version, column.dataset_version);
    error.path = sidecar.path();
    return error;
  }
  return column.files.size() > common ? Owner::kAppended : Owner::kSame;
}

}  // namespace lancekit::index

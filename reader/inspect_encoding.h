// Page encodings as trees for people: names, parameters, and which page buffer holds what.
#pragma once

#include "format/file_metadata.h"
#include "lancekit/inspect.hpp"

namespace lancekit {

/// Fills encoding and the buffers' roles. Errors: kCorruption for a page layout that cannot be parsed.
Status DescribePage(const format::PageMetadata& metadata, InspectedPage* page);
/// The same of a page of version 2.0, whose buffers are listed already.
Status DescribeArrayEncoding(Bytes message, InspectedPage* page);
/// True when the values of the page are positions of blobs elsewhere in the file.
bool IsBlobLayout(const EncodingNode& encoding);

}  // namespace lancekit

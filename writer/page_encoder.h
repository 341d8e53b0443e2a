// From the rows of one column to a page: which structural and compressive encodings suit them.
#pragma once

#include "base/status.h"
#include "structural/leaf.h"
#include "structural/page_writer.h"
#include "writer/column_buffer.h"
#include "writer/dictionary_builder.h"
#include "writer/selection.h"

namespace lancekit {

/// Pre: the buffer has rows. `only_page`: the column has no other one in its file. `numbers`: as for TryDictionaryPage.
/// Errors: kUnsupported for values that the version cannot hold.
Result<EncodedPage> EncodePage(const LeafType& leaf, const ColumnBuffer& rows, bool only_page, const PageTarget& target,
                               std::optional<DictionaryAttempt>* numbers);

}  // namespace lancekit

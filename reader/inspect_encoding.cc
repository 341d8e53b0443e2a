#include "reader/inspect_encoding.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "encodings/encoding.h"
#include "format/encoding_shape.h"

namespace lancekit {
namespace {

using format::Encoding;
using format::LayoutId;
using format::PageLayout;
using format::RepDefLayer;

constexpr const char* kBlobName = "blob";

std::string DisplayName(const Encoding& encoding) { return format::EncodingName(encoding.id); }

std::string Parameters(const Encoding& encoding) {
  const auto def = FindEncoding(encoding.id);
  return def && (*def)->describe != nullptr ? (*def)->describe(encoding) : std::string();
}

/// Depth is bounded by the parser.
EncodingNode Describe(const Encoding& encoding, std::string role, std::int32_t buffer) {
  EncodingNode node{.role = std::move(role), .name = DisplayName(encoding), .parameters = Parameters(encoding), .buffer = buffer};
  const format::Shape* shape = format::FindShape(encoding.id);
  for (std::size_t i = 0; i < encoding.children.size(); ++i) {
    const bool has_role = shape != nullptr && i < shape->child_roles.size() && shape->child_roles[i] != nullptr;
    node.children.push_back(Describe(encoding.children[i], has_role ? shape->child_roles[i] : fmt::format("field {}", i), -1));
  }
  return node;
}

std::string_view LayerName(RepDefLayer layer) {
  switch (layer) {
    case RepDefLayer::kAllValidItem:
      return "item";
    case RepDefLayer::kAllValidList:
      return "list";
    case RepDefLayer::kNullableItem:
      return "nullable item";
    case RepDefLayer::kNullableList:
      return "nullable list";
    case RepDefLayer::kEmptyableList:
      return "list with empty ones";
    case RepDefLayer::kNullAndEmptyList:
      return "nullable list with empty ones";
    case RepDefLayer::kUnspecified:
      break;
  }
  return "unknown layer";
}

bool AllValid(const std::vector<RepDefLayer>& layers) {
  return std::ranges::all_of(layers, [](RepDefLayer layer) { return layer == RepDefLayer::kAllValidItem; });
}

/// "all valid", "nullable", or the layers of nested data from the outside to the inside.
std::string LayersText(const std::vector<RepDefLayer>& layers) {
  if (AllValid(layers)) return "all valid";
  if (layers.size() == 1 && layers[0] == RepDefLayer::kNullableItem) return "nullable";
  std::string text;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    text += fmt::format("{}{}", text.empty() ? "" : " > ", LayerName(*layer));
  }
  return text;
}

EncodingNode Table(std::string role, std::int32_t buffer) { return {.role = std::move(role), .buffer = buffer}; }

void DescribeMiniBlock(const PageLayout& layout, EncodingNode* root, std::vector<std::string>* roles) {
  root->name = "mini_block";
  root->parameters = fmt::format("{} items, {}", layout.num_items, LayersText(layout.layers));
  *roles = {"chunk table", "chunks"};
  root->children.push_back(Table("chunk table", 0));
  if (layout.rep_compression) root->children.push_back(Describe(*layout.rep_compression, "repetition levels", 1));
  if (layout.def_compression) root->children.push_back(Describe(*layout.def_compression, "definition levels", 1));
  if (layout.value_compression) {
    root->children.push_back(Describe(*layout.value_compression, layout.dictionary ? "dictionary indices" : "values", 1));
  }
  if (layout.dictionary) {
    EncodingNode node = Describe(*layout.dictionary, "dictionary", static_cast<std::int32_t>(roles->size()));
    node.parameters =
        fmt::format("{} items{}{}", layout.num_dictionary_items, node.parameters.empty() ? "" : ", ", node.parameters);
    root->children.push_back(std::move(node));
    roles->push_back("dictionary");
  }
  if (layout.repetition_index_depth > 0) {
    root->children.push_back(Table("repetition index", static_cast<std::int32_t>(roles->size())));
    roles->push_back("repetition index");
  }
}

void DescribeFullZip(const PageLayout& layout, std::size_t num_buffers, EncodingNode* root, std::vector<std::string>* roles) {
  root->name = "full_zip";
  root->parameters = fmt::format("{} items, {}", layout.num_items, LayersText(layout.layers));
  if (layout.bits_per_value != 0) root->parameters += fmt::format(", {} bits per value", layout.bits_per_value);
  if (layout.bits_per_offset != 0) root->parameters += fmt::format(", {} bit lengths", layout.bits_per_offset);
  *roles = {"entries"};
  if (layout.bits_rep + layout.bits_def > 0) {
    EncodingNode levels = Table("control words", 0);
    levels.parameters = fmt::format("{} bit repetition, {} bit definition", layout.bits_rep, layout.bits_def);
    root->children.push_back(std::move(levels));
  }
  if (layout.value_compression) root->children.push_back(Describe(*layout.value_compression, "values", 0));
  if (num_buffers > 1) {
    root->children.push_back(Table("repetition index", 1));
    roles->push_back("repetition index");
  }
}

void DescribeConstant(const PageLayout& layout, std::size_t num_buffers, EncodingNode* root, std::vector<std::string>* roles) {
  root->name = "constant";
  // Which buffers exist tells the form: an odd number begins with the value.
  const bool has_value_buffer = num_buffers % 2 == 1;
  const bool is_null = !layout.has_inline_value && !has_value_buffer;
  root->parameters = (is_null ? "all null" : "one value") + (", " + LayersText(layout.layers));
  if (layout.has_inline_value) {
    EncodingNode value = Table("value", -1);
    value.parameters = fmt::format("{} bytes in the page metadata", layout.inline_value.size());
    root->children.push_back(std::move(value));
  }
  if (has_value_buffer) {
    root->children.push_back(Table("value", 0));
    roles->push_back("value");
  }
  if (num_buffers - roles->size() < 2) return;
  const auto levels = [&](const char* role, const std::optional<Encoding>& encoding) {
    const auto buffer = static_cast<std::int32_t>(roles->size());
    root->children.push_back(encoding ? Describe(*encoding, role, buffer) : Table(role, buffer));
    roles->push_back(role);
  };
  levels("repetition levels", layout.rep_compression);
  levels("definition levels", layout.def_compression);
}

/// Fills `root`; returns the roles of the first buffers.
std::vector<std::string> DescribeLayout(const PageLayout& layout, std::size_t num_buffers, EncodingNode* root) {
  std::vector<std::string> roles;
  switch (layout.id) {
    case LayoutId::kMiniBlock:
      DescribeMiniBlock(layout, root, &roles);
      break;
    case LayoutId::kFullZip:
      DescribeFullZip(layout, num_buffers, root, &roles);
      break;
    case LayoutId::kConstant:
      DescribeConstant(layout, num_buffers, root, &roles);
      break;
    case LayoutId::kBlob: {
      root->name = kBlobName;
      root->parameters = LayersText(layout.layers);
      EncodingNode& inner = root->children.emplace_back();
      inner.role = "positions and sizes";
      roles = DescribeLayout(*layout.inner, num_buffers, &inner);
      break;
    }
    default:
      root->name = fmt::format("unknown layout {}", static_cast<std::uint32_t>(layout.id));
  }
  return roles;
}

}  // namespace

Status DescribePage(const format::PageMetadata& metadata, InspectedPage* page) {
  std::vector<std::string> roles;
  for (const format::FileRange& buffer : metadata.buffers) page->buffers.push_back({"data", buffer.offset, buffer.size});
  if (metadata.encoding.type_url == format::kArrayEncodingUrl) return DescribeArrayEncoding(metadata.encoding.value, page);
  if (metadata.encoding.type_url == format::kPageLayoutUrl) {
    LANCEKIT_ASSIGN(const format::PageLayout layout, format::ParsePageLayout(metadata.encoding.value));
    roles = DescribeLayout(layout, metadata.buffers.size(), &page->encoding);
    page->may_have_nulls = !AllValid(layout.layers);
  } else {
    page->encoding.name = "unknown encoding " + metadata.encoding.type_url;
  }
  for (std::size_t i = 0; i < std::min(roles.size(), page->buffers.size()); ++i) page->buffers[i].role = roles[i];
  return {};
}

bool IsBlobLayout(const EncodingNode& encoding) { return encoding.name == kBlobName; }

}  // namespace lancekit

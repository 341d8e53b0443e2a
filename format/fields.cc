// The flattened field list of descriptors and manifests. Source: lance protos/file.proto, message Field.
#include <optional>
#include <unordered_map>

#include "base/limits.h"
#include "format/proto.h"
#include "format/schema.h"

namespace lancekit::format {

namespace {

constexpr std::int32_t kNoField = -1;  // parent of a top-level field; id of what stands below a blob descriptor
constexpr const char* kExtensionName = "ARROW:extension:name";
constexpr const char* kJsonExtension = "lance.json";

/// Values of Field.encoding: obsolete, but written.
enum ObsoleteEncoding : std::uint64_t { kNoEncoding = 0, kPlain = 1, kVarBinary = 2, kDictionaryEncoding = 3 };

struct Node {
  Field field;
  std::int32_t id = 0;
  std::int32_t parent_id = 0;
  std::string logical_type;
  std::vector<std::size_t> children;
  int depth = 0;
};

Node ParseNode(pbf_reader message) {
  Node node;
  node.field.nullable = false;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case BytesField(2):
        node.field.name = message.get_string();
        break;
      case VarintField(3):
        node.id = message.get_int32();
        break;
      case VarintField(4):
        node.parent_id = message.get_int32();
        break;
      case BytesField(5):
        node.logical_type = message.get_string();
        break;
      case VarintField(6):
        node.field.nullable = message.get_uint64() != 0;
        break;
      case BytesField(10):
        node.field.metadata.push_back(ParseMapEntry(message.get_message()));
        break;
      default:  // type, encoding, dictionary: obsolete; extension_name repeats the metadata
        message.skip();
    }
  }
  node.field.id = node.id;
  return node;
}

/// Links the nodes of a flattened list into a tree. Parents come before their children, so there are no cycles.
class TreeBuilder {
 public:
  Status Add(Node node) {
    const std::size_t index = nodes_.size();
    std::optional<std::size_t> parent;
    if (node.id == kNoField && node.parent_id == kNoField && blob_) {
      // The children of a blob descriptor stand behind it in data files, without ids.
      parent = blob_;
    } else {
      LANCEKIT_TRY(Register(node, index, &parent));
    }
    if (parent) {
      node.depth = nodes_[*parent].depth + 1;
      if (node.depth >= kMaxSchemaDepth) return Corrupt("schema nests deeper than {}", kMaxSchemaDepth);
      nodes_[*parent].children.push_back(index);
    } else {
      top_level_.push_back(index);
    }
    nodes_.push_back(std::move(node));
    return {};
  }

  Result<std::vector<Field>> Finish() && {
    std::vector<Field> fields;
    for (const std::size_t index : top_level_) {
      LANCEKIT_TRY(Convert(index, ""));
      fields.push_back(std::move(nodes_[index].field));
    }
    return fields;
  }

 private:
  Status Register(const Node& node, std::size_t index, std::optional<std::size_t>* parent) {
    if (node.id < 0) return Corrupt("field \"{}\" has the id {}", node.field.name, node.id);
    if (node.parent_id != kNoField) {
      const auto found = by_id_.find(node.parent_id);
      if (found == by_id_.end()) {
        return Corrupt("field \"{}\" names {} as its parent, which does not come before it", node.field.name, node.parent_id);
      }
      *parent = found->second;
    }
    if (!by_id_.emplace(node.id, index).second) return Corrupt("two fields have the id {}", node.id);
    blob_.reset();
    if (node.logical_type == "struct") {
      const Field as_struct{.name = "", .type = {.id = TypeId::kStruct}, .metadata = node.field.metadata};
      if (IsBlobV2(as_struct)) blob_ = index;
    }
    return {};
  }

  /// Gives nodes_[index].field its type and moves its children into it.
  Status Convert(std::size_t index, const std::string& prefix) {
    Node& node = nodes_[index];
    const std::string path = prefix + node.field.name;
    Result<DataType> type = ParseLogicalType(node.logical_type);
    if (!type) return At(std::move(type).status(), {.column = path});
    DataType& to = node.field.type = *std::move(type);
    const Status counted = CheckChildren(node);
    if (!counted.ok()) return At(Error(counted.error()), {.column = path});
    if (!node.children.empty()) to.children.clear();  // the placeholder item of a fixed-size list of structs
    for (const std::size_t child : node.children) {
      LANCEKIT_TRY(Convert(child, path + "."));
      to.children.push_back(std::move(nodes_[child].field));
    }
    return {};
  }

  Status CheckChildren(const Node& node) const {
    const std::size_t count = node.children.size();
    const DataType& type = node.field.type;
    switch (type.id) {
      case TypeId::kStruct:
        return {};
      case TypeId::kList:
      case TypeId::kLargeList:
        if (count != 1) return Corrupt("a list with {} children", count);
        return {};
      case TypeId::kMap: {
        const Node* entries = count == 1 ? &nodes_[node.children[0]] : nullptr;
        if (entries == nullptr || entries->logical_type != "struct" || entries->children.size() != 2) {
          return Corrupt("a map without exactly one struct of a key and a value");
        }
        return {};
      }
      case TypeId::kFixedSizeList: {
        if (type.children[0].type.id != TypeId::kStruct) break;
        if (count != 1 || nodes_[node.children[0]].logical_type != "struct") {
          return Corrupt("a fixed-size list of structs without exactly one struct child");
        }
        return {};
      }
      default:
        break;
    }
    if (count != 0) return Corrupt("logical type \"{}\" with {} children", node.logical_type, count);
    return {};
  }

  std::vector<Node> nodes_;
  std::vector<std::size_t> top_level_;
  std::unordered_map<std::int32_t, std::size_t> by_id_;
  std::optional<std::size_t> blob_;  // the blob descriptor that came last, until a field with an id follows
};

ObsoleteEncoding EncodingOf(TypeId id) {
  switch (id) {
    case TypeId::kNull:
    case TypeId::kStruct:
      return kNoEncoding;
    case TypeId::kString:
    case TypeId::kLargeString:
    case TypeId::kBinary:
    case TypeId::kLargeBinary:
      return kVarBinary;
    case TypeId::kDictionary:
      return kDictionaryEncoding;
    default:
      return kPlain;
  }
}

std::string ExtensionName(const Field& field) {
  for (const auto& [key, value] : field.metadata) {
    if (key == kExtensionName) return value;
  }
  return {};
}

std::string WriteField(const Field& field, std::int32_t parent_id, const std::string& logical_type) {
  std::string bytes;
  pbf_writer writer(bytes);
  WriteText(&writer, 2, field.name);
  if (field.id != 0) writer.add_int32(3, field.id);
  if (parent_id != 0) writer.add_int32(4, parent_id);
  writer.add_string(5, logical_type);
  WriteNumber(&writer, 6, field.nullable);
  WriteNumber(&writer, 7, EncodingOf(field.type.id));
  if (field.type.id == TypeId::kDictionary) writer.add_message(8, std::string());
  WriteText(&writer, 9, ExtensionName(field));
  WriteMap(&writer, 10, field.metadata);
  return bytes;
}

Status WriteTree(const Field& field, const Field* parent, const std::string& prefix, std::vector<std::string>* out) {
  const std::string path = prefix + field.name;
  const bool is_blob_child = field.id == kNoField && parent != nullptr && IsBlobV2(*parent);
  if (field.id < 0 && !is_blob_child) return At(Invalid("the field has no id"), {.column = path});
  Result<std::string> logical_type = LogicalType(field.type);
  if (!logical_type) return At(std::move(logical_type).status(), {.column = path});
  if (field.type.id == TypeId::kLargeBinary && ExtensionName(field) == kJsonExtension) *logical_type = "json";
  out->push_back(WriteField(field, parent == nullptr || is_blob_child ? kNoField : parent->id, *logical_type));
  if (field.type.id == TypeId::kDictionary) return {};
  if (field.type.id == TypeId::kFixedSizeList && field.type.children[0].type.id != TypeId::kStruct) return {};
  for (const Field& child : field.type.children) LANCEKIT_TRY(WriteTree(child, &field, path + ".", out));
  return {};
}

}  // namespace

FieldHead PeekField(Bytes message) {
  FieldHead head;
  pbf_reader field = ReaderOf(message);
  while (field.next()) {
    switch (field.tag_and_type()) {
      case BytesField(2): {
        const auto view = field.get_view();
        head.name = {view.data(), view.size()};
        break;
      }
      case VarintField(3):
        head.id = field.get_int32();
        break;
      case VarintField(4):
        head.parent_id = field.get_int32();
        break;
      default:
        field.skip();
    }
  }
  return head;
}

bool FieldOrder::Add(const FieldHead& head) {
  if (head.is_top_level()) {
    ids_.assign(1, head.id);
    return true;
  }
  if (head.id < 0) return !ids_.empty();
  if (std::ranges::find(ids_, head.parent_id) == ids_.end()) return false;
  ids_.push_back(head.id);
  return true;
}

std::vector<Bytes> SelectMessages(std::span<const Bytes> messages, std::span<const std::string> paths) {
  std::vector<Bytes> selected;
  FieldOrder order;
  bool wanted = false;
  for (const Bytes message : messages) {
    const FieldHead head = PeekField(message);
    if (!order.Add(head)) return {messages.begin(), messages.end()};
    if (head.is_top_level()) {
      wanted = std::ranges::any_of(paths, [&](const std::string& path) { return LeadsInto(path, head.name); });
    }
    if (wanted) selected.push_back(message);
  }
  return selected;
}

Result<std::vector<Field>> ParseFields(std::span<const Bytes> messages) {
  return CatchMalformed("field", [&]() -> Result<std::vector<Field>> {
    TreeBuilder builder;
    for (const Bytes message : messages) LANCEKIT_TRY(builder.Add(ParseNode(ReaderOf(message))));
    return std::move(builder).Finish();
  });
}

Result<std::vector<std::string>> SerializeFields(const Schema& schema) {
  std::vector<std::string> messages;
  for (const Field& field : schema.fields) LANCEKIT_TRY(WriteTree(field, nullptr, "", &messages));
  return messages;
}

}  // namespace lancekit::format

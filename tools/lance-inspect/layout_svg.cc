// layout --svg: strips of bytes to scale, with names above, offsets below, and a legend.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tools/common/markup.h"
#include "tools/common/numbers.h"
#include "tools/common/terminal.h"
#include "tools/common/text_table.h"
#include "tools/lance-inspect/layout_pictures.h"
#include "tools/lance-inspect/layout_resources.h"

namespace lancekit::tools {
namespace {

constexpr double kWidth = 960, kMargin = 20, kStripWidth = kWidth - 2 * kMargin;
constexpr double kLeastWidth = 1.5;     // of a part that is drawn alone
constexpr double kCharacterWidth = 7;   // of 12 px text, on the safe side
constexpr std::size_t kMostFiles = 24;  // strips
constexpr double kLargestTail = 0.1;    // a longer one is seen well enough
constexpr double kNameLine = 22;        // above a strip
constexpr double kToTail = 64;          // between the strip and that of its end

/// A range of a file, drawn over the whole width or less.
struct Range {
  std::size_t file = 0;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  double width = kStripWidth;

  double X(std::uint64_t offset) const {
    return kMargin + static_cast<double>(offset - begin) / static_cast<double>(std::max<std::uint64_t>(end - begin, 1)) * width;
  }
};

std::string Text(double x, double y, const char* style, const std::string& escaped) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", x, y, style, escaped);
}

/// Short, as numbers stand below each other.
std::string LegendBytes(std::uint64_t bytes) { return bytes < 10'000'000 ? GroupDigits(bytes) : FormatBytes(bytes); }

class Picture {
 public:
  explicit Picture(const TableLayout& layout) : layout_(layout), table_(layout.table), shades_(layout.table) {}

  std::string Draw() {
    y_ = 26;
    out_ += Text(kMargin, y_, "title", MarkupText(CutToWidth(EscapeControls(TableName(table_)), 90)));
    out_ += Text(kMargin, y_ += 20, "note", MarkupText(Headline(table_, shades_.columns().size())));
    y_ += 14;
    if (layout_.parts.size() == 1) {
      DrawOneFile();
    } else {
      DrawFiles();
    }
    DrawLegend();
    return Document();
  }

 private:
  void DrawOneFile() {
    const Range whole{0, 0, table_.structure[0].size};
    const std::uint64_t tail = TailBegin(layout_.parts[0], whole.end);
    const double share = static_cast<double>(whole.end - tail) / static_cast<double>(whole.end);
    const bool has_tail = tail != 0 && tail != whole.end && share <= kLargestTail;
    DrawStrip(whole, 48, true);
    if (has_tail) {
      out_ += fmt::format("<path class=\"lens\" d=\"M{:.2f} {:.1f}L{} {:.1f}H{}V{:.1f}Z\"/>\n", whole.X(tail), y_, kMargin,
                          y_ + kToTail, kWidth - kMargin, y_);
    }
    const double tail_begin = y_ + kToTail;
    DrawAxis(whole);
    if (!has_tail) return;
    out_ += Text(kMargin, y_ + 14, "note",
                 MarkupText(fmt::format("the last {}, {:.0f} times as wide", FormatBytes(whole.end - tail), 1 / share)));
    y_ = tail_begin - kNameLine;
    const Range enlarged{0, tail, whole.end};
    DrawStrip(enlarged, 28, true);
    DrawAxis(enlarged);
  }

  void DrawFiles() {
    std::uint64_t largest = 0;
    for (const InspectedFile& file : table_.structure) largest = std::max(largest, file.size);
    const std::size_t shown = std::min(layout_.parts.size(), kMostFiles);
    for (std::size_t i = 0; i < shown; ++i) {
      const InspectedFile& file = table_.structure[i];
      const Range range{i, 0, file.size, static_cast<double>(file.size) / static_cast<double>(largest) * kStripWidth};
      y_ += 18;
      out_ += Text(kMargin, y_, "name", MarkupText(CutToWidth(EscapeControls(FileName(table_, i)), 80)));
      out_ += Text(kWidth - kMargin, y_, "note end", MarkupText(Counted(file.num_rows, "row") + " · " + FormatBytes(file.size)));
      DrawStrip(range, 24, i == 0);
      y_ += 4;
    }
    if (shown < layout_.parts.size())
      out_ += Text(kMargin, y_ += 18, "note", MarkupText("and " + Counted(layout_.parts.size() - shown, "more file")));
  }

  /// Where the structure of the file begins that follows all data.
  static std::uint64_t TailBegin(const std::vector<FilePart>& parts, std::uint64_t size) {
    for (std::size_t i = parts.size(); i-- > 0;) {
      const PartKind kind = parts[i].kind;
      if (kind == PartKind::kPageBuffer || kind == PartKind::kColumnBuffer || kind == PartKind::kBlobs)
        return parts[i].offset + parts[i].size;
    }
    return size;
  }

  void DrawStrip(const Range& range, double height, bool with_names) {
    const std::vector<FilePart>& parts = layout_.parts[range.file];
    const auto first = std::ranges::lower_bound(parts, range.begin, {}, &FilePart::offset);
    const double scale = static_cast<double>(range.end - range.begin) / std::max(range.width, 1.0);
    const std::vector<PartGroup> groups = GroupParts({first, parts.end()}, static_cast<std::uint64_t>(kLeastWidth * scale) + 1);
    y_ += with_names ? kNameLine : 6;
    if (with_names) DrawNames(range, groups);
    for (const PartGroup& group : groups) {
      const double x = range.X(group.offset), width = range.X(group.offset + group.size) - x;
      // Narrow ones reach below the next, or the seams would shimmer.
      const double gap = width > 3 ? 0.6 : &group == &groups.back() ? 0 : -1;
      out_ += fmt::format(
          "<rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.3f}\" height=\"{}\" class=\"{}\"><title>{}</title></rect>\n", x, y_,
          width - gap, height, Shades::names()[ShadeOf(range.file, group)], MarkupText(Describe(range.file, group)));
    }
    y_ += height;
  }

  std::size_t ShadeOf(std::size_t file, const PartGroup& group) const {
    return shades_.Of(file, group.kind, group.column, group.role);
  }

  /// Names above runs of one shade that are wide enough.
  void DrawNames(const Range& range, const std::vector<PartGroup>& groups) {
    for (std::size_t i = 0, end = 0; i < groups.size(); i = end) {
      const std::size_t shade = ShadeOf(range.file, groups[i]);
      const auto goes_on = [&](const PartGroup& group) {
        return group.kind == PartKind::kPadding || ShadeOf(range.file, group) == shade;
      };
      for (end = i + 1; end < groups.size() && goes_on(groups[end]);) ++end;
      const double x = range.X(groups[i].offset), width = range.X(groups[end - 1].offset + groups[end - 1].size) - x;
      const auto room = static_cast<std::size_t>(std::max(width - 5, 0.0) / kCharacterWidth);
      const std::string label = EscapeControls(shades_.Label(shade));
      if (room >= std::min<std::size_t>(DisplayWidth(label), 4))
        out_ += Text(x, y_ - 6, "name", MarkupText(CutToWidth(label, room)));
    }
  }

  /// Offsets at round numbers, four or so.
  void DrawAxis(const Range& range) {
    const double size = static_cast<double>(range.end - range.begin);
    double step = std::pow(10, std::floor(std::log10(std::max(size / 4, 1.0))));
    for (const double factor : {5.0, 2.0}) {
      if (size / (step * factor) >= 3) {
        step *= factor;
        break;
      }
    }
    const auto whole_step = static_cast<std::uint64_t>(step);
    for (std::uint64_t at = (range.begin + whole_step - 1) / whole_step * whole_step; at < range.end; at += whole_step) {
      const double x = range.X(at);
      const std::string label = GroupDigits(at);
      if (x + kCharacterWidth * static_cast<double>(label.size()) > kWidth - kMargin) break;
      out_ += fmt::format("<path class=\"tick\" d=\"M{:.1f} {:.1f}v4\"/>\n", x, y_ + 1) + Text(x, y_ + 16, "axis", label);
    }
    y_ += 22;
  }

  std::string Describe(std::size_t file, const PartGroup& group) const {
    std::string text = part_kind_name(group.kind);
    if (group.num_parts > 1) text = Counted(group.num_parts, "part") + ", mostly " + text;
    if (!group.role->empty() && group.num_parts == 1) text += " (" + *group.role + ")";
    text += fmt::format(", {} at {}", Counted(group.size, "byte"), GroupDigits(group.offset));
    if (group.page >= 0) text += fmt::format(", page {}", group.page);
    if (group.column >= 0) text += ", column " + table_.structure[file].columns[static_cast<std::size_t>(group.column)].path;
    return text;
  }

  void DrawLegend() {
    std::vector<std::uint64_t> bytes(Shades::names().size(), 0);
    for (std::size_t file = 0; file < layout_.parts.size(); ++file) {
      for (const FilePart& part : layout_.parts[file]) bytes[shades_.Of(file, part.kind, part.column, &part.role)] += part.size;
    }
    constexpr std::size_t kAcross = 3;
    constexpr double kCell = kStripWidth / kAcross, kLine = 20;
    std::vector<std::size_t> present;
    for (std::size_t shade = 0; shade < bytes.size(); ++shade) {
      if (bytes[shade] != 0) present.push_back(shade);
    }
    y_ += 22;
    const std::size_t lines = (present.size() + kAcross - 1) / kAcross;
    for (std::size_t i = 0; i < present.size(); ++i) {
      // Down, then across.
      const double x = kMargin + kCell * static_cast<double>(i / lines), y = y_ + kLine * static_cast<double>(i % lines);
      const std::size_t shade = present[i];
      const double share = static_cast<double>(bytes[shade]) / static_cast<double>(table_.NumBytes());
      out_ += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"12\" height=\"12\" rx=\"2\" class=\"{}\"/>\n", x, y,
                          Shades::names()[shade]);
      out_ += Text(x + 18, y + 10, "name", MarkupText(CutToWidth(EscapeControls(shades_.Label(shade)), 19)));
      out_ += Text(x + kCell - 74, y + 10, "note end", MarkupText(LegendBytes(bytes[shade])));
      out_ += Text(x + kCell - 24, y + 10, "note end", ShareText(share));
    }
    y_ += kLine * static_cast<double>(lines);
  }

  std::string Document() const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1:.0f}\" width=\"{0}\" height=\"{1:.0f}\" role=\"img\">\n"
        "<title>{2}: what every byte is for</title>\n<style>\n{3}{4}</style>\n"
        "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{5}</svg>\n",
        kWidth, y_ + 14, MarkupText(TableName(table_)), kLayoutColors, kStyle, out_);
  }

  static constexpr const char* kStyle =
      R"(text { font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-size: 12px; fill: #1d1f24; unicode-bidi: isolate }
.title { font-size: 15px; font-weight: 600 }
.note, .axis { fill: #545a66 }
.axis { font-size: 11px }
.end { text-anchor: end }
.paper { fill: #ffffff }
.tick { stroke: #8d9098 }
.lens { fill: #8d9098; opacity: 0.15 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e7eb }
  .note, .axis { fill: #a9aebb }
  .paper { fill: #16181d }
}
)";

  const TableLayout& layout_;
  const InspectedTable& table_;
  Shades shades_;
  std::string out_;
  double y_ = 0;
};

}  // namespace

std::string SvgPicture(const TableLayout& layout) { return Picture(layout).Draw(); }

}  // namespace lancekit::tools

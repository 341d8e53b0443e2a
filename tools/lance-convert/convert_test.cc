// Tests of the parts of a conversion: formats, options, columns, row ranges, types, text of values.
#include <arrow/api.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "tools/lance-convert/arrow_error.h"
#include "tools/lance-convert/batches.h"
#include "tools/lance-convert/columns.h"
#include "tools/lance-convert/format.h"
#include "tools/lance-convert/lance_types.h"
#include "tools/lance-convert/options.h"
#include "tools/lance-convert/value_text.h"

namespace lancekit::convert {
namespace {

TEST(Format, ComesFromTheExtension) {
  EXPECT_EQ(FormatOfExtension("a.lance/"), Format::kLance);
  EXPECT_EQ(FormatOfExtension("dir.csv/a.PARQUET"), Format::kParquet);
  EXPECT_EQ(FormatOfExtension("a.csv.gz"), Format::kCsv);
  EXPECT_EQ(FormatOfExtension("a.gz"), std::nullopt);
  EXPECT_EQ(FormatOfExtension("-"), std::nullopt);
  EXPECT_EQ(CompressionOfExtension("a.jsonl.zst"), Compression::kZstd);
}

TEST(Format, MagicMustAgreeWithTheName) {
  EXPECT_EQ(*DetectInput({.path = "a", .head = "PAR1...."}), Format::kParquet);
  EXPECT_EQ(*DetectInput({.path = "a.arrow", .head = "\xFF\xFF\xFF\xFF...."}), Format::kArrowStream);
  EXPECT_EQ(*DetectInput({.path = "a", .head = "{\"a\":1}"}), Format::kJsonl);
  EXPECT_EQ(*DetectInput({.path = "a", .head = "????", .lance_tail = true}), Format::kLance);
  EXPECT_EQ(*DetectInput({.path = "a", .folder = true}), Format::kLance);
  EXPECT_EQ(*DetectInput({.path = "a.lance", .head = "PAR1....", .forced = Format::kParquet}), Format::kParquet);
  for (const char* path : {"a.parquet.encrypted", "a.parquet"}) {
    EXPECT_EQ(DetectInput({.path = path, .head = "PARE...."}).error().code, ErrorCode::kUnsupported);
  }
  EXPECT_EQ(*DetectInput({.path = "a.csv", .head = "PARENT,CHILD"}), Format::kCsv);
  EXPECT_EQ(DetectInput({.path = "a", .head = "a,b,c"}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(DetectInput({.path = "a.parquet", .head = "a,b,c"}).error().code, ErrorCode::kCorruption);
  EXPECT_EQ(DetectInput({.path = "a.lance", .head = "PAR1...."}).error().code, ErrorCode::kCorruption);
  EXPECT_EQ(DetectInput({.path = "a.csv", .head = "ARROW1.."}).error().code, ErrorCode::kCorruption);
  EXPECT_EQ(DetectInput({.path = "a.parquet", .folder = true}).error().code, ErrorCode::kCorruption);
}

Result<Options> Parse(std::vector<const char*> arguments) {
  Options options;
  const auto app = MakeCommandLine(options);
  arguments.insert(arguments.begin(), "lance-convert");
  LANCEKIT_TRY(ParseOptions(*app, static_cast<int>(arguments.size()), arguments.data(), options));
  return options;
}

TEST(Options, FlagsStandBeforeOrAfterThePaths) {
  const auto options =
      Parse({"-j", "3", "in.csv", "-c", "a,b", "out.lance", "--rename", "a=x", "--limit", "0", "--memory-limit", "1MiB"});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->inputs, std::vector<std::string>{"in.csv"});
  EXPECT_EQ(options->output, "out.lance");
  EXPECT_EQ(options->columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options->renames, (std::vector<std::pair<std::string, std::string>>{{"a", "x"}}));
  EXPECT_EQ(options->limit, 0u);
  EXPECT_EQ(options->common.threads, 3);
  EXPECT_EQ(options->common.memory_limit, 1u << 20);
  EXPECT_EQ(Parse({"in", "-c", "a", "-o", "out"})->output, "out");
  EXPECT_EQ(Parse({"--", "-in", "out"})->inputs, std::vector<std::string>{"-in"});
  EXPECT_EQ(Parse({"a", "b", "c"})->inputs, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Parse({"a", "b", "--version", "3", "--schema-mode", "union", "--max-rows-per-file", "5"})->open.version, 3u);
  EXPECT_EQ(Parse({"-", "-"})->output, "-");
}

TEST(Options, RefusesWhatMakesNoSense) {
  for (const std::vector<const char*>& wrong : {std::vector<const char*>{},
                                                {"a"},
                                                {"a", "-", "-", "c"},
                                                {"a", "b", "--schema-mode", "loose"},
                                                {"a", "b", "--max-rows-per-file", "0"},
                                                {"a", "b", "--max-rows-per-file", "5", "--single-file"},
                                                {"a", "b", "--as-of", "then"},
                                                {"a", "b", "--limit", "-1"},
                                                {"a", "b", "--skip", "x"},
                                                {"a", "b", "--rename", "a"},
                                                {"a", "b", "--to", "xls"},
                                                {"a", "b", "--delimiter", "ab"},
                                                {"a", "b", "-j", "-1"},
                                                {"a", "b", "--summary", "yaml"},
                                                {"a", ""}}) {
    const auto options = Parse(wrong);
    ASSERT_FALSE(options.has_value());
    EXPECT_EQ(options.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(Options, OfTypesAndParts) {
  const auto options =
      Parse({"a", "b", "--type", "x=y=int32?", "--split-by", "bytes=2KiB", "--infer-rows", "all", "--quote", "none"});
  ASSERT_TRUE(options) << options.error().message;
  ASSERT_EQ(options->types.size(), 1u);
  EXPECT_EQ(options->types[0].column, "x=y");
  EXPECT_TRUE(options->types[0].bad_is_null && options->types[0].type->Equals(arrow::int32()));
  EXPECT_EQ(options->split.bytes, 2048u);
  EXPECT_EQ(options->infer_rows, -1);
  EXPECT_FALSE(options->quote.has_value());
  EXPECT_FALSE(Parse({"a", "b", "--type", "x=int8", "--type", "x=int16"}).has_value());
  EXPECT_FALSE(Parse({"a", "b", "-0"}).has_value());
  EXPECT_EQ(Parse({"--files-from", "list", "out"})->output, "out");
}

TEST(TypeNames, SimpleAndWithParameters) {
  EXPECT_TRUE((*ParseTypeName("timestamp[ns, Europe/Berlin]"))->Equals(arrow::timestamp(arrow::TimeUnit::NANO, "Europe/Berlin")));
  EXPECT_TRUE((*ParseTypeName("timestamp"))->Equals(arrow::timestamp(arrow::TimeUnit::MICRO)));
  EXPECT_TRUE((*ParseTypeName("decimal(38,0)"))->Equals(arrow::decimal128(38, 0)));
  EXPECT_TRUE((*ParseTypeName("decimal(76, 76)"))->Equals(arrow::decimal256(76, 76)));
  for (const char* wrong : {"", "int", "INT32", "decimal", "decimal(0)", "decimal(77,1)", "decimal(5,-1)", "timestamp[]",
                            "timestamp[us,]", "timestamp[us", "int32 "})
    EXPECT_FALSE(ParseTypeName(wrong).has_value()) << wrong;
}

TEST(PartName, KeepsTheExtensionsOfFormatAndCompression) {
  EXPECT_EQ(PartName("d.x/trips.csv.gz", 3), "d.x/trips-00003.csv.gz");
  EXPECT_EQ(PartName("v1.2.parquet", 0), "v1.2-00000.parquet");
  EXPECT_EQ(PartName("d.x/plain", 123456), "d.x/plain-123456");
}

TEST(Columns, SelectExcludeRename) {
  const auto schema =
      arrow::schema({arrow::field("a", arrow::int8()), arrow::field("b", arrow::int16()), arrow::field("c", arrow::int32())});
  Options options;
  options.columns = {"c", "a"};
  options.renames = {{"a", "b"}};
  const auto plan = PlanColumns(*schema, options);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->columns, (std::vector<int>{2, 0}));
  EXPECT_EQ(plan->schema->field_names(), (std::vector<std::string>{"c", "b"}));
  options.columns.clear();
  EXPECT_FALSE(PlanColumns(*schema, options).has_value());  // two columns b
  options.exclude = {"b"};
  EXPECT_TRUE(PlanColumns(*schema, options).has_value());
  options.exclude = {"a", "b", "c"};
  EXPECT_FALSE(PlanColumns(*schema, options).has_value());
  EXPECT_FALSE(PlanColumns(*arrow::schema({schema->field(0), schema->field(0)}), Options{}).has_value());
}

/// Batches of consecutive numbers with the given lengths.
ReaderPtr Numbers(const std::vector<std::int64_t>& lengths) {
  const auto schema = arrow::schema({arrow::field("n", arrow::int64())});
  return MakeReader(schema, [schema, lengths, at = std::size_t{0}, next = std::int64_t{0}]() mutable -> arrow::Result<BatchPtr> {
    if (at == lengths.size()) return nullptr;
    arrow::Int64Builder builder;
    for (std::int64_t i = 0; i < lengths[at]; ++i) ARROW_RETURN_NOT_OK(builder.Append(next++));
    ARROW_ASSIGN_OR_RAISE(auto array, builder.Finish());
    return arrow::RecordBatch::Make(schema, lengths[at++], {array});
  });
}

TEST(Batches, CutRowsTakesTheRangeInBoundedBatches) {
  const ReaderPtr rows = CutRows(Numbers({3, 0, 200'000, 5}), {.skip = 4, .limit = 150'000});
  std::int64_t expected = 4;
  while (true) {
    const BatchPtr batch = rows->Next().ValueOrDie();
    if (batch == nullptr) break;
    EXPECT_GT(batch->num_rows(), 0);
    EXPECT_LE(batch->num_rows(), kMaxBatchRows);
    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0), expected);
    expected += batch->num_rows();
  }
  EXPECT_EQ(expected, 150'004);
  EXPECT_EQ(CutRows(Numbers({3}), {.skip = 9})->Next().ValueOrDie(), nullptr);
  EXPECT_EQ(CutRows(Numbers({3}), {.limit = 0})->Next().ValueOrDie(), nullptr);
}

TEST(LanceTypes, KeepsValuesOfTypesThatLanceLacks) {
  const auto schema = arrow::schema({arrow::field("v", arrow::utf8_view()), arrow::field("d", arrow::decimal64(9, 2)),
                                     arrow::field("k", arrow::dictionary(arrow::int8(), arrow::utf8_view()))});
  const auto lance = ForLance(*schema);
  ASSERT_TRUE(lance) << lance.error().message;
  EXPECT_EQ(lance->changes.size(), 3u);
  arrow::StringViewBuilder views;
  ASSERT_TRUE(views.Append("short").ok() && views.Append("longer than twelve bytes").ok() && views.AppendNull().ok());
  const auto view_array = views.Finish().ValueOrDie();
  arrow::Decimal64Builder decimals(arrow::decimal64(9, 2));
  ASSERT_TRUE(decimals.Append(arrow::Decimal64(1234)).ok() && decimals.AppendNulls(2).ok());
  arrow::Int8Builder indices;
  ASSERT_TRUE(indices.AppendValues({1, 0, 1}).ok());
  const auto keyed =
      arrow::DictionaryArray::FromArrays(schema->field(2)->type(), indices.Finish().ValueOrDie(), view_array).ValueOrDie();
  const auto batch = arrow::RecordBatch::Make(schema, 3, {view_array, decimals.Finish().ValueOrDie(), keyed});
  const BatchPtr cast = CastBatch(batch, lance->schema, arrow::default_memory_pool()).ValueOrDie();
  ASSERT_TRUE(cast->ValidateFull().ok());
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*cast->column(0)).GetView(1), "longer than twelve bytes");
  EXPECT_TRUE(cast->column(0)->IsNull(2));
  EXPECT_EQ(static_cast<const arrow::Decimal128Array&>(*cast->column(1)).FormatValue(0), "12.34");

  const auto refused = ForLance(*arrow::schema({arrow::field("u", arrow::run_end_encoded(arrow::int32(), arrow::int8()))}));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(refused.error().column, "u");
}

TEST(ArrowError, CarriesTheErrorThroughArrow) {
  Error error = Corrupt("broken");
  error.column = "c";
  error.page = 3;
  const Error back = FromArrow(ToArrow(error), Side::kOutput, "path");
  EXPECT_EQ(back.code, ErrorCode::kCorruption);
  EXPECT_EQ(back.column, "c");
  EXPECT_EQ(back.page, 3);
  EXPECT_EQ(back.path, "path");
  EXPECT_EQ(FromArrow(arrow::Status::Invalid("x"), Side::kInput, "").code, ErrorCode::kCorruption);
  EXPECT_EQ(FromArrow(arrow::Status::OutOfMemory("x"), Side::kInput, "").code, ErrorCode::kResourceLimit);
  EXPECT_EQ(FromArrow(arrow::Status::NotImplemented("x"), Side::kOutput, "").code, ErrorCode::kUnsupported);
}

std::string TextOf(const std::shared_ptr<arrow::Scalar>& scalar, Result<AppendValue> (*form)(const arrow::DataType&)) {
  const auto array = arrow::MakeArrayFromScalar(*scalar, 1).ValueOrDie();
  auto append = form(*array->type());
  if (!append) return append.error().message;
  std::string text;
  (*append)(*array, 0, text);
  return text;
}

TEST(ValueText, TimesBeforeTheEpochAndFarAway) {
  using arrow::TimeUnit;
  const auto timestamp = [](std::int64_t value, TimeUnit::type unit) {
    return std::make_shared<arrow::TimestampScalar>(value, arrow::timestamp(unit));
  };
  EXPECT_EQ(TextOf(timestamp(-1, TimeUnit::MILLI), BareText), "1969-12-31T23:59:59.999");
  EXPECT_EQ(TextOf(timestamp(-1, TimeUnit::NANO), BareText), "1969-12-31T23:59:59.999999999");
  EXPECT_EQ(TextOf(timestamp(0, TimeUnit::SECOND), JsonText), "\"1970-01-01T00:00:00\"");
  EXPECT_EQ(TextOf(timestamp(INT64_MIN, TimeUnit::SECOND), BareText).rfind("-292277022657", 0), 0u);
  EXPECT_EQ(TextOf(std::make_shared<arrow::Date32Scalar>(-719162), BareText), "0001-01-01");
  EXPECT_EQ(TextOf(std::make_shared<arrow::Date32Scalar>(2932896), BareText), "9999-12-31");
  EXPECT_EQ(TextOf(std::make_shared<arrow::DurationScalar>(INT64_MIN, arrow::duration(TimeUnit::MILLI)), BareText),
            "-PT9223372036854775.808S");
  EXPECT_EQ(TextOf(std::make_shared<arrow::Time64Scalar>(1, arrow::time64(TimeUnit::NANO)), BareText), "00:00:00.000000001");
}

TEST(ValueText, NestedValuesAreJson) {
  arrow::Int32Builder items;
  ASSERT_TRUE(items.Append(1).ok() && items.AppendNull().ok());
  const auto list = std::make_shared<arrow::ListScalar>(items.Finish().ValueOrDie());
  EXPECT_EQ(TextOf(list, BareText), "[1,null]");
  const auto record =
      std::make_shared<arrow::StructScalar>(arrow::ScalarVector{list, std::make_shared<arrow::StringScalar>("x\"")},
                                            arrow::struct_({arrow::field("l", list->type), arrow::field("s", arrow::utf8())}));
  EXPECT_EQ(TextOf(record, JsonText), R"({"l":[1,null],"s":"x\""})");
}

}  // namespace
}  // namespace lancekit::convert

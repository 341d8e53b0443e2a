/* What a C program does with lancekit: writes a small table from Arrow C structs made by hand, opens it, scans, takes and
 * verifies it, and sees that errors tell their place. Usage: c_consumer FOLDER. Exit status 0 when all was as it should be. */
#include <lancekit/lancekit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures = 0;

static int expect(int condition, const char* what, int line) {
  if (!condition) {
    fprintf(stderr, "c_main.c:%d: not so: %s\n", line, what);
    ++failures;
  }
  return condition;
}
#define EXPECT(condition) expect((condition) != 0, #condition, __LINE__)

/* For calls that must succeed. */
static void check(lancekit_code code, lancekit_error** error, int line) {
  if (code == LANCEKIT_OK) return;
  fprintf(stderr, "c_main.c:%d: %s\n", line, lancekit_error_describe(*error));
  exit(1);
}
#define OK(call) check(call, &error, __LINE__)

/* Compares an error's code and that its line has a text, and frees it. */
static void expect_error(lancekit_code code, lancekit_code wanted, lancekit_error** error, const char* text, int line) {
  expect(code == wanted, "the code wanted", line);
  if (expect(*error != NULL, "there is an error", line)) {
    expect(lancekit_error_code(*error) == wanted, "the same code in the error", line);
    if (!expect(strstr(lancekit_error_describe(*error), text) != NULL, text, line))
      fprintf(stderr, "  but: %s\n", lancekit_error_describe(*error));
  }
  lancekit_error_free(*error);
  *error = NULL;
}
#define FAILS(call, wanted, text) expect_error(call, wanted, &error, text, __LINE__)

/* All memory below is static, so releasing only marks the struct as released. */
static int released_arrays = 0;
static void release_schema(struct ArrowSchema* schema) { schema->release = NULL; }
static void release_array(struct ArrowArray* array) {
  ++released_arrays;
  array->release = NULL;
}

static struct ArrowSchema make_schema(const char* format, const char* name, int64_t n_children, struct ArrowSchema** children) {
  struct ArrowSchema schema = {format, name, NULL, ARROW_FLAG_NULLABLE, n_children, children, NULL, release_schema, NULL};
  return schema;
}

static struct ArrowArray make_array(int64_t length, int64_t null_count, int64_t n_buffers, const void** buffers,
                                    int64_t n_children, struct ArrowArray** children) {
  struct ArrowArray array = {length, null_count, 0, n_buffers, n_children, buffers, children, NULL, release_array, NULL};
  return array;
}

enum { NUM_ROWS = 3 };
static const int64_t ids[NUM_ROWS] = {7, 8, 9};
static const int32_t name_offsets[NUM_ROWS + 1] = {0, 3, 3, 8};
static const uint8_t name_valid = 0x5; /* the second name is null */
static const void* id_buffers[] = {NULL, ids};
static const void* name_buffers[] = {&name_valid, name_offsets, "onethree"};
static const void* row_buffers[] = {NULL};
static struct ArrowSchema field_schemas[2], table_schema;
static struct ArrowSchema* fields[] = {&field_schemas[0], &field_schemas[1]};
static struct ArrowArray columns[2];
static struct ArrowArray* column_pointers[] = {&columns[0], &columns[1]};

static struct ArrowArray make_rows(void) {
  columns[0] = make_array(NUM_ROWS, 0, 2, id_buffers, 0, NULL);
  columns[1] = make_array(NUM_ROWS, 1, 3, name_buffers, 0, NULL);
  return make_array(NUM_ROWS, 0, 1, row_buffers, 2, column_pointers);
}

/* A stream of two such batches. */
static int stream_batches = 0;
static int stream_schema(struct ArrowArrayStream* stream, struct ArrowSchema* out) {
  (void)stream;
  *out = table_schema;
  return 0;
}
static int stream_next(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  (void)stream;
  memset(out, 0, sizeof(*out));
  if (stream_batches-- > 0) *out = make_rows();
  return 0;
}
static int stream_fails(struct ArrowArrayStream* stream, struct ArrowArray* out) {
  (void)stream, (void)out;
  return 5;
}
static const char* stream_error(struct ArrowArrayStream* stream) {
  (void)stream;
  return "the well is dry";
}
static void stream_release(struct ArrowArrayStream* stream) { stream->release = NULL; }
static struct ArrowArrayStream make_stream(void) {
  struct ArrowArrayStream stream = {stream_schema, stream_next, stream_error, stream_release, NULL};
  stream_batches = 2;
  return stream;
}

/* Sums the first column of all batches; counts rows and batches. */
struct totals {
  int64_t sum;
  int64_t rows;
  int batches;
};
static struct totals drain(struct ArrowArrayStream* stream) {
  struct totals totals = {0, 0, 0};
  struct ArrowArray batch;
  while (EXPECT(stream->get_next(stream, &batch) == 0) && batch.release != NULL) {
    const int64_t* values = (const int64_t*)batch.children[0]->buffers[1] + batch.children[0]->offset;
    for (int64_t row = 0; row < batch.length; ++row) totals.sum += values[row];
    totals.rows += batch.length;
    ++totals.batches;
    batch.release(&batch);
  }
  stream->release(stream);
  return totals;
}

static void write_table(const char* path, lancekit_write_options options) {
  lancekit_error* error = NULL;
  lancekit_writer* writer;
  lancekit_write_summary summary = {sizeof(summary), 0, 0, 0, 0};
  struct ArrowArray rows = make_rows();
  struct ArrowArrayStream stream = make_stream();
  released_arrays = 0;
  OK(lancekit_create(NULL, path, &options, &writer, &error));
  OK(lancekit_writer_set_schema(writer, &table_schema, &error));
  OK(lancekit_writer_write_batch(writer, &rows, &table_schema, &error));
  OK(lancekit_writer_write_stream(writer, &stream, &error));
  EXPECT(rows.release == NULL && stream.release == NULL && released_arrays == 3);
  OK(lancekit_writer_commit(writer, &summary, &error));
  EXPECT(summary.rows == 9 && summary.files == 1 && summary.bytes > 0 && summary.arrow_bytes > 0);
  FAILS(lancekit_writer_commit(writer, NULL, &error), LANCEKIT_INVALID_ARGUMENT, "committed already");
  lancekit_writer_free(writer);
}

static void read_table(const char* path) {
  static const char* const only_id[] = {"id"};
  static const int64_t numbers[] = {-1, 0, 0};
  const uint64_t limit = 4;
  lancekit_error* error = NULL;
  lancekit_table* table;
  struct ArrowSchema schema;
  struct ArrowArrayStream stream, taken;
  struct totals totals;
  lancekit_scan_options options = {sizeof(options), NULL, 0, NULL, NULL, 0, 0, 0};
  OK(lancekit_open(NULL, path, NULL, &table, &error));
  EXPECT(lancekit_table_num_rows(table) == 9);
  EXPECT(strcmp(lancekit_table_format_version(table), "2.1") == 0);

  OK(lancekit_table_schema(table, &schema, &error));
  EXPECT(schema.n_children == 2 && strcmp(schema.children[1]->name, "name") == 0 && strcmp(schema.children[1]->format, "u") == 0);
  schema.release(&schema);

  OK(lancekit_table_scan(table, NULL, &stream, &error));
  totals = drain(&stream);
  EXPECT(totals.sum == 3 * 24 && totals.rows == 9 && totals.batches == 1);

  options.columns = only_id;
  options.num_columns = 1;
  options.where = "id >= 8";
  options.limit = &limit;
  options.offset = 1;
  options.batch_rows = 3;
  OK(lancekit_table_scan(table, &options, &stream, &error));
  OK(lancekit_table_take(table, numbers, 3, only_id, 1, &taken, &error));
  lancekit_table_free(table); /* the streams go on without it */
  OK((lancekit_code)stream.get_schema(&stream, &schema));
  EXPECT(schema.n_children == 1);
  schema.release(&schema);
  totals = drain(&stream);
  EXPECT(totals.sum == 9 + 8 + 9 + 8 && totals.rows == 4 && totals.batches >= 2);
  totals = drain(&taken);
  EXPECT(totals.sum == 9 + 7 + 7 && totals.rows == 3 && totals.batches == 1);
}

struct findings {
  int count;
  int wanted;
  char last[200];
};
static int on_finding(void* user_data, const lancekit_finding* finding) {
  struct findings* findings = user_data;
  ++findings->count;
  EXPECT(finding->message[0] != 0 && finding->path[0] != 0);
  snprintf(findings->last, sizeof(findings->last), "severity %d column %s page %d", (int)finding->severity, finding->column,
           (int)finding->page);
  return findings->count == findings->wanted;
}

static void flip_byte(const char* path, long offset) {
  FILE* file = fopen(path, "r+b");
  int byte;
  if (!EXPECT(file != NULL)) return;
  fseek(file, offset, SEEK_SET);
  byte = fgetc(file);
  fseek(file, offset, SEEK_SET);
  fputc(byte ^ 0xff, file);
  fclose(file);
}

/* What is wrong with the file is found; its errors come out of a stream with their place. */
static void find_damage(const char* path) {
  lancekit_error* error = NULL;
  lancekit_table* table;
  struct ArrowArrayStream stream;
  struct ArrowArray batch;
  struct findings findings = {0, 0, ""};
  lancekit_verify_options options = {sizeof(options), LANCEKIT_VERIFY_FULL, NULL, NULL};
  lancekit_verify_summary summary = {sizeof(summary), 0, 0, 0, 0, 0, 0};
  OK(lancekit_verify(NULL, path, &options, on_finding, &findings, &summary, &error));
  EXPECT(findings.count == 0 && summary.files == 1 && summary.damages == 0);

  flip_byte(path, 0); /* the first byte of the first page */
  OK(lancekit_verify(NULL, path, &options, on_finding, &findings, &summary, &error));
  EXPECT(findings.count >= 1 && summary.damages >= 1 && !summary.stopped);
  EXPECT(strcmp(findings.last, "severity 0 column id page 0") == 0);
  findings.count = 0;
  findings.wanted = 1;
  OK(lancekit_verify(NULL, path, &options, on_finding, &findings, &summary, &error));
  EXPECT(findings.count == 1 && summary.stopped);

  OK(lancekit_open(NULL, path, NULL, &table, &error));
  OK(lancekit_table_scan(table, NULL, &stream, &error));
  EXPECT(lancekit_stream_error(&stream) == NULL);
  EXPECT(stream.get_next(&stream, &batch) != 0);
  if (EXPECT(lancekit_stream_error(&stream) != NULL)) {
    const lancekit_error* place = lancekit_stream_error(&stream);
    EXPECT(lancekit_error_code(place) == LANCEKIT_CORRUPTION);
    EXPECT(strcmp(lancekit_error_path(place), path) == 0 && strcmp(lancekit_error_column(place), "id") == 0);
    EXPECT(lancekit_error_page(place) == 0 && lancekit_error_offset(place) != LANCEKIT_NONE);
    EXPECT(strcmp(lancekit_error_describe(place), stream.get_last_error(&stream)) == 0);
    EXPECT(lancekit_error_message(place)[0] != 0);
  }
  stream.release(&stream);
  lancekit_table_free(table);
}

static void provoke_errors(const char* path, const char* none) {
  static const char* const unknown[] = {"nothing"};
  static const char* const null_name[] = {NULL};
  static const int64_t beyond[] = {9};
  const uint64_t version = 7;
  const int64_t never = INT64_MAX;
  lancekit_error* error = NULL;
  lancekit_table* table;
  lancekit_writer* writer;
  lancekit_context* context;
  struct ArrowArrayStream stream = make_stream();
  struct ArrowArray rows = make_rows();
  lancekit_open_options at = {sizeof(at), &version, NULL, NULL, NULL};
  lancekit_scan_options options = {sizeof(options), unknown, 1, NULL, NULL, 0, 0, 0};
  lancekit_write_options wish = {0};
  lancekit_context_options threads = {sizeof(threads), 1, 0};
  struct {
    lancekit_open_options options;
    int tail;
  } newer = {{0}, 0};

  FAILS(lancekit_open(NULL, none, NULL, &table, &error), LANCEKIT_IO, none);
  EXPECT(table == NULL);
  FAILS(lancekit_open(NULL, path, &at, &table, &error), LANCEKIT_INVALID_ARGUMENT, "7");
  at.version = NULL;
  at.as_of_microseconds = &never;
  FAILS(lancekit_open(NULL, path, &at, &table, &error), LANCEKIT_INVALID_ARGUMENT, "out of range");
  at.struct_size = 0;
  FAILS(lancekit_open(NULL, path, &at, &table, &error), LANCEKIT_INVALID_ARGUMENT, "struct_size");
  FAILS(lancekit_open(NULL, NULL, NULL, &table, &error), LANCEKIT_INVALID_ARGUMENT, "null");
  EXPECT(lancekit_open(NULL, none, NULL, &table, NULL) == LANCEKIT_IO); /* who wants no error gets none */
  /* Options of a program of the future: zeros mean nothing, others mean something. */
  newer.options.struct_size = sizeof(newer);
  OK(lancekit_open(NULL, path, &newer.options, &table, &error));
  lancekit_table_free(table);
  newer.tail = 1;
  FAILS(lancekit_open(NULL, path, &newer.options, &table, &error), LANCEKIT_UNSUPPORTED, "does not know");

  OK(lancekit_open(NULL, path, NULL, &table, &error));
  FAILS(lancekit_table_scan(table, &options, &stream, &error), LANCEKIT_INVALID_ARGUMENT, "nothing");
  options.columns = null_name;
  FAILS(lancekit_table_scan(table, &options, &stream, &error), LANCEKIT_INVALID_ARGUMENT, "null");
  options.num_columns = 0;
  FAILS(lancekit_table_scan(table, &options, &stream, &error), LANCEKIT_INVALID_ARGUMENT, "no columns");
  FAILS(lancekit_table_take(table, beyond, 1, unknown, 0, &stream, &error), LANCEKIT_INVALID_ARGUMENT, "no columns");
  options.columns = NULL;
  options.where = "id >";
  FAILS(lancekit_table_scan(table, &options, &stream, &error), LANCEKIT_INVALID_ARGUMENT, "expected a literal");
  FAILS(lancekit_table_take(table, beyond, 1, NULL, 0, &stream, &error), LANCEKIT_INVALID_ARGUMENT, "9");
  lancekit_table_free(table);

  FAILS(lancekit_create(NULL, path, NULL, &writer, &error), LANCEKIT_OUTPUT, "exists");
  wish.struct_size = sizeof(wish);
  wish.version = "3.7";
  FAILS(lancekit_create(NULL, none, &wish, &writer, &error), LANCEKIT_INVALID_ARGUMENT, "3.7");
  wish.version = NULL;
  wish.mode = 9;
  FAILS(lancekit_create(NULL, none, &wish, &writer, &error), LANCEKIT_INVALID_ARGUMENT, "9");
  /* What failed before rows came is not written without it either. */
  wish.mode = LANCEKIT_CREATE;
  wish.bloom_columns = unknown;
  wish.num_bloom_columns = 1;
  OK(lancekit_create(NULL, none, &wish, &writer, &error));
  FAILS(lancekit_writer_set_schema(writer, &table_schema, &error), LANCEKIT_INVALID_ARGUMENT, "nothing");
  FAILS(lancekit_writer_commit(writer, NULL, &error), LANCEKIT_INVALID_ARGUMENT, "failed before");
  lancekit_writer_free(writer);
  /* A stream that fails is released, its reason told, and nothing is left at the path. */
  OK(lancekit_create(NULL, none, NULL, &writer, &error));
  EXPECT(lancekit_stream_error(&stream) == NULL);
  stream.get_next = stream_fails;
  FAILS(lancekit_writer_write_stream(writer, &stream, &error), LANCEKIT_INVALID_ARGUMENT, "the well is dry");
  EXPECT(stream.release == NULL);
  FAILS(lancekit_writer_write_stream(writer, &stream, &error), LANCEKIT_INVALID_ARGUMENT, "released");
  FAILS(lancekit_writer_commit(writer, NULL, &error), LANCEKIT_INVALID_ARGUMENT, "failed before");
  FAILS(lancekit_writer_write_batch(NULL, &rows, &table_schema, &error), LANCEKIT_INVALID_ARGUMENT, "null");
  EXPECT(rows.release == NULL);
  lancekit_writer_free(writer);
  FAILS(lancekit_open(NULL, none, NULL, &table, &error), LANCEKIT_IO, none);

  OK(lancekit_context_create(&threads, &context, &error));
  OK(lancekit_open(context, path, NULL, &table, &error));
  OK(lancekit_table_scan(table, NULL, &stream, &error));
  lancekit_context_cancel(context);
  lancekit_context_free(context);
  EXPECT(stream.get_next(&stream, &rows) != 0);
  EXPECT(lancekit_error_code(lancekit_stream_error(&stream)) == LANCEKIT_CANCELLED);
  stream.release(&stream); /* abandoned */
  lancekit_table_free(table);

  lancekit_error_free(NULL);
  lancekit_table_free(NULL);
  lancekit_writer_free(NULL);
  lancekit_context_free(NULL);
  EXPECT(strstr(lancekit_error_describe(NULL), "memory") != NULL);
}

int main(int argc, char** argv) {
  static const lancekit_column_encoding zstd = {NULL, "zstd:3"};
  static const char* const blooms[] = {"id"};
  char dataset[1000], file[1000], none[1000];
  lancekit_write_options options = {0};
  if (argc != 2) return 2;
  snprintf(dataset, sizeof(dataset), "%s/c_table.lance", argv[1]);
  snprintf(file, sizeof(file), "%s/c_file.lance", argv[1]);
  snprintf(none, sizeof(none), "%s/none.lance", argv[1]);
  field_schemas[0] = make_schema("l", "id", 0, NULL);
  field_schemas[1] = make_schema("u", "name", 0, NULL);
  table_schema = make_schema("+s", "", 2, fields);

  options.struct_size = sizeof(options);
  options.version = "2.1";
  options.mode = LANCEKIT_OVERWRITE;
  write_table(dataset, options);
  read_table(dataset);
  options.single_file = 1;
  options.preset = "small";
  options.encodings = &zstd;
  options.num_encodings = 1;
  options.bloom_columns = blooms;
  options.num_bloom_columns = 1;
  write_table(file, options);
  read_table(file);
  find_damage(file);
  provoke_errors(dataset, none);
  printf("lancekit %s from C: %d failures\n", lancekit_version(), failures);
  return failures == 0 ? 0 : 1;
}

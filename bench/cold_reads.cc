// Single rows of a file that is in no cache, against the disk itself: takes by io_uring on one thread, in turns with as many
// random reads of 4 KiB past the page cache (O_DIRECT), 64 at a time, and with reads of as many bytes as a row took.
//
//   cold_reads FILE COLUMN ROWS ROUNDS
//
// Ends with a line of JSON. The page cache is emptied of the file before each take (posix_fadvise); the host's own cache, if this
// is a guest, is not. No round takes rows near those of another.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "lancekit/lancekit.hpp"
#ifdef LANCEKIT_HAS_URING
#include <liburing.h>
#endif

namespace lancekit {
namespace {

#ifdef LANCEKIT_HAS_URING
constexpr unsigned kDepth = 64;
constexpr std::uint64_t kBlockBytes = 4096;
constexpr std::uint64_t kApart = 1024;  // rows of one take are about so far apart; a chunk of numbers has as many

double Seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

[[noreturn]] void Fail(const std::string& why) {
  std::fprintf(stderr, "cold_reads: %s\n", why.c_str());
  std::exit(1);
}

class Disk {
 public:
  explicit Disk(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_DIRECT)) {
    struct stat about{};
    if (fd_ < 0 || ::fstat(fd_, &about) != 0 || io_uring_queue_init(kDepth, &ring_, 0) != 0)
      Fail("cannot read " + path + " directly");
    size_ = static_cast<std::uint64_t>(about.st_size);
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  ~Disk() {
    io_uring_queue_exit(&ring_);
    ::close(fd_);
  }

  void Forget() const { ::posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED); }

  /// The time of reads at random places, `bytes` each. Pre: a multiple of a block.
  double Read(std::size_t reads, std::uint64_t bytes, std::mt19937_64* random) {
    std::vector<std::byte> memory(kDepth * bytes + kBlockBytes);
    void* from = memory.data();
    std::size_t room = memory.size();
    auto* const buffers = static_cast<std::byte*>(std::align(kBlockBytes, kDepth * bytes, from, room));
    const std::uint64_t places = (size_ - bytes) / kBlockBytes;
    std::size_t sent = 0, done = 0;
    const double start = Seconds();
    const auto send = [&](std::uint64_t buffer) {
      io_uring_sqe* const entry = io_uring_get_sqe(&ring_);
      io_uring_prep_read(entry, fd_, buffers + buffer * bytes, static_cast<unsigned>(bytes), (*random)() % places * kBlockBytes);
      io_uring_sqe_set_data64(entry, buffer);
      ++sent;
    };
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(kDepth, reads); ++i) send(i);
    while (done < reads) {
      if (io_uring_submit_and_wait(&ring_, 1) < 0) Fail("io_uring does not take reads");
      for (io_uring_cqe* cqe = nullptr; io_uring_peek_cqe(&ring_, &cqe) == 0; ++done) {
        if (cqe->res != static_cast<int>(bytes)) Fail("a read failed");
        const std::uint64_t buffer = io_uring_cqe_get_data64(cqe);
        io_uring_cqe_seen(&ring_, cqe);
        if (sent < reads) send(buffer);
      }
    }
    return Seconds() - start;
  }

 private:
  int fd_;
  std::uint64_t size_ = 0;
  io_uring ring_{};
};

template <class T>
T Check(Result<T> result) {
  if (!result) Fail(result.error().describe());
  return *std::move(result);
}

double Median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

int Main(int argc, char** argv) {
  if (argc != 5) Fail("wants FILE COLUMN ROWS ROUNDS");
  const std::string path = argv[1], column = argv[2];
  const std::size_t rows = std::strtoull(argv[3], nullptr, 10), rounds = std::strtoull(argv[4], nullptr, 10);
  Disk disk(path);
  ContextOptions options;
  options.threads = 1;
  options.io_mode = IoMode::kUring;
  const Context context(options);
  if (context.io_mode() != IoMode::kUring) Fail(context.io_note());
  const Table table = Check(open(context, path));
  std::mt19937_64 random(1);
  std::vector<std::int64_t> all;
  for (std::uint64_t row = 0; row + kApart <= table.row_count(); row += kApart)
    all.push_back(static_cast<std::int64_t>(row + random() % kApart));
  std::ranges::shuffle(all, random);
  if (rows == 0 || rounds == 0 || all.size() < rows * (rounds + 1)) Fail("the file has too few rows");
  // What is read once per page, and kept.
  static_cast<void>(Check(table.take({all.data() + rows * rounds, rows}, {column})));
  std::vector<double> take, small, alike, by_small, by_alike;
  double reads_per_row = 0, bytes_per_row = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    std::vector<std::int64_t> wanted(all.begin() + static_cast<std::ptrdiff_t>(round * rows),
                                     all.begin() + static_cast<std::ptrdiff_t>((round + 1) * rows));
    std::ranges::sort(wanted);
    disk.Forget();
    const Metrics before = context.metrics();
    const double start = Seconds();
    const Batch batch = Check(table.take({wanted.data(), wanted.size()}, {column}));
    take.push_back(Seconds() - start);
    const Metrics after = context.metrics();
    reads_per_row = static_cast<double>(after.io_calls - before.io_calls) / static_cast<double>(rows);
    bytes_per_row = static_cast<double>(after.io_bytes - before.io_bytes) / static_cast<double>(rows);
    const auto blocks = static_cast<std::uint64_t>(bytes_per_row / kBlockBytes + 0.5);
    small.push_back(disk.Read(rows, kBlockBytes, &random));
    alike.push_back(disk.Read(rows, std::max<std::uint64_t>(1, blocks) * kBlockBytes, &random));
    by_small.push_back(small.back() / take.back());
    by_alike.push_back(alike.back() / take.back());
  }
  const auto rate = [&](const std::vector<double>& seconds) { return static_cast<double>(rows) / Median(seconds); };
  std::printf(
      "{\"rows\": %zu, \"rows_per_s\": %.0f, \"reads_per_row\": %.3f, \"bytes_per_row\": %.0f, \"reads_4k_per_s\": %.0f, "
      "\"ratio\": %.3f, \"reads_alike_per_s\": %.0f, \"ratio_alike\": %.3f, \"rounds\": %zu}\n",
      rows, rate(take), reads_per_row, bytes_per_row, rate(small), Median(by_small), rate(alike), Median(by_alike), rounds);
  return 0;
}
#else
int Main(int, char**) {
  std::fputs("cold_reads: this build is without liburing\n", stderr);
  return 77;
}
#endif

}  // namespace
}  // namespace lancekit

int main(int argc, char** argv) { return lancekit::Main(argc, argv); }

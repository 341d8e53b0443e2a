#include "base/trace.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <new>
#include <tuple>

#include "base/json_text.h"
#include "lancekit/version.hpp"

namespace lancekit {
namespace {

// Counters are sampled no more often than this, as reading what memory the process has takes microseconds.
constexpr std::uint64_t kSampleNanoseconds = 1'000'000;

// Of the allocator and of the list, too.
constexpr std::uint64_t kEventBytes = sizeof(TraceEvent) + 40;

// All threads of a trace together may take what so many may alone.
constexpr std::uint64_t kFullThreads = 16;

/// The calling thread's place in the tracer that it worked for last.
struct Known {
  std::uint64_t tracer = 0;
  Tracer::Thread* thread = nullptr;
};
thread_local Known known;

std::uint64_t ResidentBytes() noexcept {
  char text[128] = {};
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const ssize_t size = ::read(fd, text, sizeof(text) - 1);
  ::close(fd);
  char* rest = text;
  static_cast<void>(std::strtoull(text, &rest, 10));  // of the address space
  return size <= 0 ? 0 : std::strtoull(rest, nullptr, 10) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// Trace-event JSON as it grows: an event in a line.
class Json {
 public:
  explicit Json(std::string* out) : out_(*out) {}

  void Text(const char* key, std::string_view text) {
    Key(key);
    AppendJsonString(text, out_);
  }
  void Number(const char* key, std::uint64_t value) {
    Key(key);
    out_ += std::to_string(value);
  }
  void Microseconds(const char* key, std::uint64_t nanoseconds) {
    Key(key);
    const std::string fraction = std::to_string(1000 + nanoseconds % 1000);
    out_ += std::to_string(nanoseconds / 1000) + '.' + fraction.substr(1);
  }
  void Open(const char* key) {
    Key(key);
    out_ += '{';
  }
  void Begin(const char* phase, std::string_view name, std::int64_t thread) {
    out_ += "{\"ph\":\"";
    out_ += phase;
    out_ += '"';
    Text("name", name);
    Number("pid", static_cast<std::uint64_t>(::getpid()));
    Number("tid", static_cast<std::uint64_t>(thread));
  }
  void End() { out_ += "}},\n"; }

 private:
  void Key(const char* key) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += key;
    out_ += "\":";
  }

  std::string& out_;
};

void AppendSpan(const TraceEvent& event, std::int64_t thread, Json* json) {
  json->Begin("X", event.name, thread);
  json->Text("cat", "lancekit");
  json->Microseconds("ts", event.begin);
  json->Microseconds("dur", event.nanoseconds);
  json->Open("args");
  if (!event.column.empty()) json->Text("column", event.column);
  if (event.page >= 0) json->Number("page", static_cast<std::uint64_t>(event.page));
  for (const TraceEvent::Number& number : event.numbers) {
    if (number.name != nullptr) json->Number(number.name, number.value);
  }
  if (event.bytes_read != 0) json->Number("bytes_read", event.bytes_read);
  if (!event.encoding.empty()) json->Text("encoding", event.encoding);
  json->End();
}

void AppendSample(const TraceEvent& event, std::int64_t thread, Json* json) {
  for (const char* const track : {"bytes", "memory"}) {
    const bool is_memory = track[0] == 'm';
    json->Begin("C", track, thread);
    json->Microseconds("ts", event.begin);
    json->Open("args");
    for (const TraceEvent::Number& number : event.numbers) {
      if ((number.name == std::string_view("resident")) == is_memory) json->Number(number.name, number.value);
    }
    json->End();
  }
}

}  // namespace

std::uint64_t Tracer::NextNumber() {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

void Tracer::Start(const TraceOptions& options) {
  static_cast<void>(Stop());
  bytes_per_thread_.store(options.bytes_per_thread, std::memory_order_relaxed);
  left_bytes_.store(kFullThreads * std::min(options.bytes_per_thread, ~std::uint64_t{0} / kFullThreads),
                    std::memory_order_relaxed);
  next_sample_.store(0, std::memory_order_relaxed);
}

Trace Tracer::Stop() {
  Trace result;
  std::string& text = result.json;
  text = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
  Json json(&text);
  json.Begin("M", "process_name", 0);
  json.Open("args");
  json.Text("name", ::program_invocation_short_name);
  json.End();
  std::lock_guard lock(mutex_);
  const std::uint64_t ended = trace_.fetch_add(1, std::memory_order_relaxed);
  for (const auto& thread : threads_) {
    std::vector<std::unique_ptr<TraceEvent>> events;
    std::string name;
    {
      std::lock_guard own(thread->mutex);
      if (thread->trace != ended) continue;
      thread->trace = ~ended;
      events.swap(thread->events);
      name = thread->name;
      result.num_dropped += thread->num_dropped;
    }
    json.Begin("M", "thread_name", thread->id);
    json.Open("args");
    json.Text("name", name);
    json.End();
    for (std::unique_ptr<TraceEvent>& event : events) {
      if (event->name == nullptr) {
        AppendSample(*event, thread->id, &json);
      } else if (event->nanoseconds != TraceEvent::kOpen) {
        AppendSpan(*event, thread->id, &json);
        ++result.num_spans;
      }
      event.reset();  // the text takes its room
    }
  }
  // Threads that have ended come here no more. Of a forked process no thread has the id that is noted, not even the one that
  // runs.
  if (::getpid() == process_) {
    std::erase_if(threads_, [&](const auto& thread) {
      if (::syscall(SYS_tgkill, process_, thread->id, 0) == 0 || errno != ESRCH) return false;
      const std::lock_guard own(thread->mutex);  // behind what it did last
      return true;
    });
  }
  text.erase(text.size() - 2);  // the comma
  text += "\n],\"otherData\":{";
  json.Text("producer", "lancekit " LANCEKIT_VERSION);
  json.Text("dropped_spans", std::to_string(result.num_dropped));
  text += "}}\n";
  return result;
}

Tracer::Thread& Tracer::Here() {
  if (known.tracer == number_) return *known.thread;
  const std::int64_t id = ::syscall(SYS_gettid);
  char name[16] = {};
  static_cast<void>(::pthread_getname_np(::pthread_self(), name, sizeof(name)));
  std::lock_guard lock(mutex_);
  const auto it = std::ranges::find(threads_, id, [](const auto& thread) { return thread->id; });
  Thread& thread = it != threads_.end() ? **it : *threads_.emplace_back(std::make_unique<Thread>());
  std::lock_guard own(thread.mutex);
  thread.id = id;
  thread.name = name;
  thread.left_of_all = &left_bytes_;
  known = {number_, &thread};
  return thread;
}

bool Tracer::Thread::Take(std::uint64_t num_bytes) noexcept {
  if (left_bytes < num_bytes) return false;
  std::uint64_t left = left_of_all->load(std::memory_order_relaxed);
  do {
    if (left < num_bytes) return false;
  } while (!left_of_all->compare_exchange_weak(left, left - num_bytes, std::memory_order_relaxed));
  left_bytes -= num_bytes;
  return true;
}

std::pair<TraceEvent*, std::uint64_t> Tracer::Add(Thread* thread, const TraceEvent& event) {
  std::lock_guard lock(thread->mutex);
  if (const std::uint64_t trace = trace_.load(std::memory_order_relaxed); thread->trace != trace) {
    thread->events.clear();
    thread->num_dropped = 0;
    thread->left_bytes = bytes_per_thread_.load(std::memory_order_relaxed);
    thread->trace = trace;
  }
  if (!thread->Take(kEventBytes)) {
    thread->num_dropped += event.name != nullptr;
    return {nullptr, 0};
  }
  return {thread->events.emplace_back(std::make_unique<TraceEvent>(event)).get(), thread->trace};
}

void Tracer::Sample(const ContextImpl& context, std::uint64_t now) noexcept {
  std::uint64_t next = next_sample_.load(std::memory_order_relaxed);
  if (now < next || !next_sample_.compare_exchange_strong(next, now + kSampleNanoseconds, std::memory_order_relaxed)) return;
  TraceEvent sample;
  sample.begin = now;
  sample.numbers = {{{"read", context.counted(Counter::kBytesRead)},
                     {"written", context.counted(Counter::kBytesWritten)},
                     {"resident", ResidentBytes()}}};
  try {
    Add(&Here(), sample);
  } catch (const std::bad_alloc&) {
    // A trace that lacks something.
  }
}

void ContextImpl::TraceBytesRead(std::uint64_t num_bytes) noexcept {
  try {
    if (Tracer* const on = tracer()) on->Here().bytes_read += num_bytes;
  } catch (const std::bad_alloc&) {
    // As in Sample.
  }
}

std::uint64_t TraceSpan::Now() noexcept {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
}

void TraceSpan::Begin(ContextImpl& context, const char* name, std::uint64_t now) noexcept {
  Tracer* const tracer = context.tracer();
  if (tracer == nullptr) return;
  try {
    Tracer::Thread& thread = tracer->Here();
    TraceEvent event;
    event.name = name;
    event.bytes_read = thread.bytes_read;
    event.nanoseconds = TraceEvent::kOpen;
    event.begin = now != 0 ? now : Now();
    std::tie(event_, trace_) = tracer->Add(&thread, event);
    if (event_ != nullptr) thread_ = &thread;
  } catch (const std::bad_alloc&) {
    // As in Sample.
  }
}

template <class Change>
void TraceSpan::Update(Change change) noexcept {
  if (thread_ == nullptr) return;
  std::lock_guard lock(thread_->mutex);
  if (thread_->trace == trace_) change(*event_);
}

void TraceSpan::End(std::uint64_t now) noexcept {
  if (now == 0) now = Now();
  Update([&](TraceEvent& event) {
    event.nanoseconds = now - event.begin;
    event.bytes_read = thread_->bytes_read - event.bytes_read;
  });
  thread_ = nullptr;
}

void TraceSpan::Set(const char* name, std::uint64_t value) noexcept {
  Update([&](TraceEvent& event) {
    const auto free = std::ranges::find(event.numbers, nullptr, &TraceEvent::Number::name);
    if (free != event.numbers.end()) *free = {name, value};
  });
}

void TraceSpan::SetPlace(std::string_view column, std::int64_t page) noexcept {
  SetText(&TraceEvent::column, column);
  Update([&](TraceEvent& event) { event.page = page; });
}

void TraceSpan::SetEncoding(std::string_view encoding) noexcept { SetText(&TraceEvent::encoding, encoding); }

void TraceSpan::SetText(std::string TraceEvent::* member, std::string_view text) noexcept {
  Update([&](TraceEvent& event) {
    if (!thread_->Take(text.size())) return;
    try {
      event.*member = text;
    } catch (const std::bad_alloc&) {
      // As in Sample.
    }
  });
}

Stopwatch::Stopwatch(ContextImpl& context, Counter counter, const char* name) noexcept
    : context_(context), counter_(counter), begin_(TraceSpan::Now()), span_(context, name, begin_) {}

Stopwatch::~Stopwatch() {
  const std::uint64_t now = TraceSpan::Now();
  context_.Count(counter_, now - begin_);
  if (!span_) return;
  span_.End(now);
  if (Tracer* const tracer = context_.tracer()) tracer->Sample(context_, now);
}

}  // namespace lancekit

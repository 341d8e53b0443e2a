#include "tools/common/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "tools/common/exit_codes.h"

namespace lancekit::tools {
namespace {

std::atomic<Context*> cancelled_context{nullptr};
std::atomic<bool> interrupted{false};
static_assert(std::atomic<Context*>::is_always_lock_free && std::atomic<bool>::is_always_lock_free);

void OnSignal(int) {
  if (interrupted.exchange(true)) ::_exit(kExitInterrupted);
  if (Context* context = cancelled_context.load()) context->cancel();
}

}  // namespace

void HandleSignals(Context& context) {
  cancelled_context.store(&context);
  ::signal(SIGPIPE, SIG_DFL);
  struct sigaction action{};
  action.sa_handler = OnSignal;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return interrupted.load(std::memory_order_relaxed); }

}  // namespace lancekit::tools

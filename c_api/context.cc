#include "c_api/handles.h"

using lancekit::Status;
using lancekit::c_api::Guard;

lancekit_code lancekit_context_create(const lancekit_context_options* options, lancekit_context** out, lancekit_error** error) {
  return Guard(error, [&]() -> Status {
    LANCEKIT_TRY(lancekit::c_api::CheckGiven("out", out));
    *out = nullptr;
    LANCEKIT_ASSIGN(const auto given, lancekit::c_api::ReadOptions(options));
    lancekit::ContextOptions wanted;
    wanted.threads = given.threads;
    wanted.memory_budget = given.memory_limit;
    *out = new lancekit_context{lancekit::Context(wanted)};
    return {};
  });
}

void lancekit_context_cancel(lancekit_context* context) { context->context.cancel(); }
void lancekit_context_free(lancekit_context* context) { delete context; }

// Arrow's PyCapsules: each owns one Arrow struct and releases it with itself. In C++, because a capsule may die while an
// exception is on its way, when no Python code must run. The few functions of Python's stable interface are declared here, as the
// package is built without Python's headers and works with any Python 3. Source:
// https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
#include <cstdlib>

#include "lancekit/arrow_abi.h"
#include "lancekit/export.h"

extern "C" {

struct _object;
_object* PyCapsule_New(void* pointer, const char* name, void (*destructor)(_object*));
void* PyCapsule_GetPointer(_object* capsule, const char* name);
_object* PyErr_NoMemory();

}  // extern "C"

namespace {

template <class Struct>
constexpr const char* kName = nullptr;
template <>
constexpr const char* kName<ArrowSchema> = "arrow_schema";
template <>
constexpr const char* kName<ArrowArray> = "arrow_array";
template <>
constexpr const char* kName<ArrowArrayStream> = "arrow_array_stream";

template <class Struct>
void Destroy(_object* capsule) {
  auto* const owned = static_cast<Struct*>(PyCapsule_GetPointer(capsule, kName<Struct>));
  if (owned->release != nullptr) owned->release(owned);
  std::free(owned);
}

/// A new capsule of a released struct, which the caller fills.
template <class Struct>
_object* Make() {
  void* const owned = std::calloc(1, sizeof(Struct));
  if (owned == nullptr) return PyErr_NoMemory();
  _object* const capsule = PyCapsule_New(owned, kName<Struct>, &Destroy<Struct>);
  if (capsule == nullptr) std::free(owned);
  return capsule;
}

}  // namespace

extern "C" {

LANCEKIT_EXPORT _object* lancekit_python_schema() { return Make<ArrowSchema>(); }
LANCEKIT_EXPORT _object* lancekit_python_array() { return Make<ArrowArray>(); }
LANCEKIT_EXPORT _object* lancekit_python_stream() { return Make<ArrowArrayStream>(); }

}  // extern "C"

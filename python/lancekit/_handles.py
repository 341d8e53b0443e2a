"""Handles of the C interface that are freed with their Python objects, and calls that Ctrl-C can end."""
from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Callable
from typing import TypeVar

from lancekit import _native

T = TypeVar('T')


class Handle:
    """Owns a lancekit_<kind>*."""

    def __init__(self, kind: str, pointer: ctypes.c_void_p) -> None:
        self.pointer = pointer
        self._free = weakref.finalize(self, getattr(_native.library, f'lancekit_{kind}_free'), pointer)

    def free(self) -> None:
        self._free()


class Context(Handle):
    def __init__(self, threads: int | None = None, memory_limit: int | None = None) -> None:
        options = _native.ContextOptions(ctypes.sizeof(_native.ContextOptions), _native.number(threads, 'threads'),
                                         _native.number(memory_limit, 'memory_limit'))
        pointer = ctypes.c_void_p()
        _native.call('context_create', options, pointer)
        super().__init__('context', pointer)

    def cancel(self) -> None:
        _native.library.lancekit_context_cancel(self.pointer)


def interruptible(context: Context, work: Callable[[], T]) -> T:
    """Runs work, a long call with this context. Python tells of Ctrl-C when the main thread is back in Python, so there the work runs
    in another thread; an exception cancels the context and goes on when the work has ended."""
    if threading.current_thread() is not threading.main_thread():
        return work()
    done = threading.Event()
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            done.set()

    # Interrupted before the try, the work runs on to its end; it has all that it uses.
    threading.Thread(target=run, daemon=True).start()
    try:
        done.wait()
    except BaseException:
        context.cancel()
        wait_through(done)
        raise
    if errors:
        raise errors[0]
    return results[0]


def wait_through(done: threading.Event) -> None:
    """Waits, even if Ctrl-C is pressed again: what the work uses must not go away."""
    while not done.is_set():
        try:
            done.wait()
        except KeyboardInterrupt:
            pass

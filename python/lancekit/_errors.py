from __future__ import annotations

import enum


class ErrorCode(enum.IntEnum):
    """What kind of failure it was."""

    INVALID_ARGUMENT = 1  #: the caller asked for something impossible: an unknown column, a bad filter
    IO = 2  #: the input cannot be read: missing, no permission, I/O error
    CORRUPTION = 3  #: the input is damaged or is not what it claims to be
    UNSUPPORTED = 4  #: the input is valid, but this version or encoding is not supported here
    OUTPUT = 5  #: the output cannot be written: exists, disk full, no permission
    RESOURCE_LIMIT = 6  #: a memory limit would be exceeded; the message says how much would do
    CANCELLED = 7  #: the call was interrupted
    INTERNAL = 8  #: a bug in lancekit


class LancekitError(Exception):
    """A failure with its place; str() has all of it on one line. What does not apply is None."""

    def __init__(self, description: str, code: ErrorCode, message: str, path: str | None = None, column: str | None = None,
                 page: int | None = None, offset: int | None = None) -> None:
        super().__init__(description, code, message, path, column, page, offset)
        self.description = description
        self.code = code
        #: what was found and what was expected, without the place
        self.message = message
        #: file
        self.path = path
        #: dotted column path
        self.column = column
        #: page of the column
        self.page = page
        #: byte position in the file
        self.offset = offset

    def __str__(self) -> str:
        return self.description

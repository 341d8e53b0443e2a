from __future__ import annotations

import ctypes
import dataclasses
import enum
import os

from lancekit import _native
from lancekit._handles import Context, interruptible
from lancekit._table import AsOf, open_options

_LEVELS = {'quick': 0, 'full': 1}


class Severity(enum.IntEnum):
    DAMAGE = 0
    NOT_CHECKED = 1  #: this version does not know how
    HARMLESS = 2  #: bytes that nobody reads are not as written
    NOTE = 3  #: not damage, but worth knowing


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was found, with its place; what does not apply is None."""

    severity: Severity
    message: str
    path: str
    column: str | None
    page: int | None
    buffer: int | None
    offset: int | None  #: first byte in the file
    size: int  #: bytes

    def __str__(self) -> str:
        place = [f'column "{self.column}"' if self.column is not None else '', f'page {self.page}' if self.page is not None else '',
                 f'at byte {self.offset}' if self.offset is not None else '']
        return ': '.join(filter(None, [self.path, ', '.join(filter(None, place)), self.message]))


@dataclasses.dataclass(frozen=True)
class Verification:
    findings: tuple[Finding, ...]
    files: int  #: data files that were looked at

    @property
    def is_sound(self) -> bool:
        """Nothing is damaged, and all was checked that the level checks."""
        return all(finding.severity >= Severity.HARMLESS for finding in self.findings)


def _finding_of(found: _native.FindingStruct) -> Finding:
    return Finding(Severity(found.severity), _native.decode(found.message), os.fsdecode(found.path), _native.decode(found.column) or None,
                   None if found.page < 0 else found.page, None if found.buffer < 0 else found.buffer,
                   None if found.offset == _native.NONE else found.offset, found.size)


def verify(path: _native.StrPath, level: str = 'quick', *, version: int | None = None, tag: str | None = None, as_of: AsOf | None = None,
           branch: str | None = None, sums: _native.StrPath | None = None, threads: int | None = None) -> Verification:
    """Checks a file, or all that a version of a dataset names, and goes on behind whatever it finds. level: 'quick' looks at the tail
    of each file, 'full' also at each page: its hashes where there are any, its values. sums: a file that `lance-inspect checksum` has
    made. Damage is a finding, not an exception."""
    if level not in _LEVELS:
        raise ValueError(f"level is {level!r}, not 'quick' or 'full'")
    wanted = open_options(version, tag, branch, as_of)
    options = _native.VerifyOptions(ctypes.sizeof(_native.VerifyOptions), _LEVELS[level], ctypes.pointer(wanted),
                                    None if sums is None else _native.encode_path(sums))
    summary = _native.VerifySummaryStruct(ctypes.sizeof(_native.VerifySummaryStruct))
    findings: list[Finding] = []

    def on_finding(_: object, finding: ctypes._Pointer[_native.FindingStruct]) -> int:
        findings.append(_finding_of(finding.contents))
        return 0

    context = Context(threads)
    callback = _native.OnFinding(on_finding)
    encoded = _native.encode_path(path)
    interruptible(context, lambda: _native.call('verify', context.pointer, encoded, options, callback, None, summary))
    return Verification(tuple(findings), summary.files)

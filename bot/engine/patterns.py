"""Regular expressions that people write, in time linear in the text whatever the pattern: RE2, never Python's `re`.

The one file of the engine that imports a third party (docs/decisions/0009-linear-time-regex.md).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

PATTERN_MAX = 1024
"""Bytes of a pattern."""
SUBJECT_MAX = 16 * 1024
"""Bytes of a text that are searched; what follows is not looked at."""
PROGRAM_MAX = 4096
"""Instructions of a compiled pattern. RE2 takes at most as many steps for each byte, forwards and again backwards."""
MEMORY_MAX = 1 << 20
"""Bytes that RE2 may use for a pattern and what it learns while searching; it then goes on slower, without more."""

RESULT = "result"
"""The named group of an extraction."""


def fault(pattern: str) -> str:
    """Why a pattern cannot be used, as the end of a sentence; empty when it can."""
    _, why = _compiled(pattern)
    return why


def found(pattern: str, text: str) -> bool:
    """Whether the pattern matches somewhere in the text. A pattern that has a fault matches nothing."""
    compiled, _ = _compiled(pattern)
    return compiled is not None and compiled.search(_subject(text)) is not None


def has_result(pattern: str) -> bool:
    """Whether the pattern names a group `result`."""
    compiled, _ = _compiled(pattern)
    return compiled is not None and RESULT in compiled.groupindex


def extract(pattern: str, text: str) -> str:
    """What the group `result` matched, the first time the pattern matches; empty when it does not."""
    compiled, _ = _compiled(pattern)
    match = compiled.search(_subject(text)) if compiled is not None and RESULT in compiled.groupindex else None
    taken: bytes | None = match.group(RESULT) if match else None
    return (taken or b"").decode(errors="ignore")


def taken(pattern: str, text: str) -> str:
    """What the first group matched, or the whole pattern where it has no group; empty when it does not match."""
    compiled, _ = _compiled(pattern)
    match = compiled.search(_subject(text)) if compiled is not None else None
    part: bytes | None = match.group(1 if compiled.groups else 0) if match else None
    return (part or b"").decode(errors="ignore")


def _subject(text: str) -> bytes:
    return text[:SUBJECT_MAX].encode(errors="replace")[:SUBJECT_MAX]


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[Any, str]:
    """The pattern ready to search bytes, or None and why not."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MEMORY_MAX
    try:
        if len(pattern.encode()) > PATTERN_MAX:
            return None, f"a regular expression has at most {PATTERN_MAX} bytes"
        compiled = re2.compile(pattern, options=options)
    except UnicodeEncodeError:
        return None, "half of a surrogate pair is no character"
    except re2.error as error:
        said = error.args[0] if error.args else b""
        return None, f"RE2 says: {said.decode(errors='replace') if isinstance(said, bytes) else said}"
    if compiled.programsize > PROGRAM_MAX:
        return None, f"its repetitions and classes make more than {PROGRAM_MAX} instructions"
    return compiled, ""

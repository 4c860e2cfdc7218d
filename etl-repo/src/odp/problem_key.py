"""Compares errors: two are the same problem if their texts differ only in files, times, tasks and requests."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

_TOKEN = re.compile(r"[^\s,;()\[\]{}'\"=<>|]+")
_VARIABLE = re.compile(r".*\d.*|.*/.*|[A-Z]{12,}|.*\$.*")
"""A word with a digit, a path, or an id in capitals."""
_NAME = r"'[^']*'|\"[^\"]*\"|`[^`]*`|[^\s,;()]+"
_COLUMNS = re.compile(rf"\bcolumns? +((?:{_NAME})(?:(?:, *| +and +)(?:{_NAME}))*)", re.IGNORECASE)
_HAS_LETTER = re.compile(r"[^\W\d]")
_WORDS = 40
_DIGITS = 12


def problem_key(error: str) -> str:
    """Give a short key that is equal for errors of the same class and problem.

    The class is the part before the first colon. Of the message, the words of its beginning count, in any order:
    threads find problems in any order. Names of columns always count: ADDRESS1 and ADDRESS2 are two problems.
    """
    class_name, _, message = error.partition(":")
    words = [word.strip(".:!?-–…") for word in _TOKEN.findall(message)]
    fixed = [word for word in words if word and not _VARIABLE.fullmatch(word)]
    counted = sorted({*fixed[:_WORDS], *_columns(message)})
    digest = hashlib.sha256(" ".join(counted).encode("utf-8", "replace")).hexdigest()
    return f"{_without_digits(class_name)}-{digest[:_DIGITS]}"


def _columns(message: str) -> Iterator[str]:
    """Find the names after the word column; a number is a position, which varies."""
    for listed in _COLUMNS.findall(message):
        yield from (name for name in re.findall(_NAME, listed) if _HAS_LETTER.search(name) and "://" not in name)


def _without_digits(class_name: str) -> str:
    """The key becomes part of a list with commas."""
    return re.sub(r"[^A-Za-z._]+", "_", class_name.strip())[:80]

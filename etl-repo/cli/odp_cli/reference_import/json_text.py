"""Reads the JSON values of a file, one or one after another, in the encodings that exports have."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any

from json_documents.text import without_repetition

from odp_cli.reference_import.errors import ReferenceFileError

_BLANKS = re.compile(r"[ \t\r\n]*")


def json_values(content: bytes) -> list[Any]:
    """Return the values of a file: usually one; one object a line in an export.

    Raises:
        ReferenceFileError: the file is empty, or no text, or no JSON.
    """
    text = _decoded(content)
    start = _after_blanks(text, 0)
    if start == len(text):
        raise ReferenceFileError("is empty; name a file that holds entries, or leave it out")
    try:
        return _values(text, start)
    except RecursionError:
        raise ReferenceFileError("is not JSON: it nests too deeply") from None
    except json.JSONDecodeError as error:
        raise ReferenceFileError(f"is not JSON: {error}") from error
    except ValueError as error:
        raise ReferenceFileError(str(error)) from error


def _values(text: str, start: int) -> list[Any]:
    decoder = json.JSONDecoder(object_pairs_hook=without_repetition)
    values: list[Any] = []
    while start < len(text):
        value, end = decoder.raw_decode(text, start)
        values.append(value)
        start = _after_blanks(text, end)
    return values


def _after_blanks(text: str, position: int) -> int:
    found = _BLANKS.match(text, position)
    return found.end() if found else position


def _decoded(content: bytes) -> str:
    """Windows PowerShell redirects output as UTF-16; some editors begin UTF-8 with a byte order mark."""
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        name = "UTF-16" if encoding == "utf-16" else "UTF-8"
        raise ReferenceFileError(f"is not {name}: byte {error.start}; save it as UTF-8") from error

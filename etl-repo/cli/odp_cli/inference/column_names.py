"""The role of a column by its name; values decide, names only break ties and mark DMS's own columns."""

from __future__ import annotations

import re
from enum import IntEnum

NAMEABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""What a manifest can write as a column."""

_CHANGE_SEQUENCE = re.compile(r"change_?seq|timestamp_?seq|cdc_?seq")
_COMMIT_TIME = re.compile(r"commit_?ts|commit_?timestamp|commit_?time")
# what DMS adds: Op, header columns (AR_H_…) and what transformation rules commonly call theirs
_METADATA = re.compile(r"op|ar_h_.*|_?cdc_.*|_?dms_.*|.*stream_position|.*transact(ion)?_id|_hoodie_.*")
_IDENTIFIER = re.compile(r"id|pk|pk_.*|.*_pk|uuid|guid")
_REFERENCE = re.compile(r".*_(id|key|no|nr|num|number|code|uuid|guid|seq)|(id|line|seq)_.*")
_KEY_ENDING = re.compile(r"_?(id|key|no|nr|number|code)$")
_WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class KeyName(IntEnum):
    """How much a name sounds like a primary key, the most first."""

    IDENTIFIER = 0
    REFERENCE = 1
    OTHER = 2


def is_metadata(column: str) -> bool:
    """Whether DMS adds this column; it describes the change, never the row."""
    words = _words(column)
    return bool(is_named_change_sequence(column) or _COMMIT_TIME.search(words) or _METADATA.fullmatch(words))


def is_named_change_sequence(column: str) -> bool:
    """Whether the name is one under which DMS tasks add the change sequence."""
    return _CHANGE_SEQUENCE.search(_words(column)) is not None


def key_name(column: str, table: str) -> KeyName:
    """Sort a name by how it identifies rows; `order_id` does so in `orders`, elsewhere it refers to another table."""
    words = _words(column)
    stem = _KEY_ENDING.sub("", words)
    is_of_this_table = stem != words and _one_word(stem) == _one_word(_words(table))
    if is_of_this_table or _IDENTIFIER.fullmatch(words):
        return KeyName.IDENTIFIER
    return KeyName.REFERENCE if _REFERENCE.fullmatch(words) else KeyName.OTHER


def _words(name: str) -> str:
    return _WORD_BOUNDARY.sub("_", name).lower()


def _one_word(words: str) -> str:
    """The singular without a boundary of words, of which an endpoint that writes upper case leaves none."""
    return words.removesuffix("s").replace("_", "")

"""Which keys of objects Spark reads as they are; all others are refused, whatever is in the objects."""

from __future__ import annotations

import unicodedata

PATTERN_MARKS = "\\{}[]*?"
"""Where a key has one, Hadoop looks for the file by a pattern, folder by folder."""
_OTHER_FOLDERS = ("", ".", "..")
_HIDDEN = ("_", ".")
_UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
"""Control characters, halves of characters, and ends of lines and paragraphs."""


def why_not_addressable(key: str) -> str:
    """Say why Spark would hide an object or read another one in its place; empty if it does neither."""
    *folders, name = key.split("/")
    if any(part in _OTHER_FOLDERS for part in folders):
        return "the key has an empty folder, . or .., which Spark would leave out; send the file under another key"
    if name.startswith(_HIDDEN):
        return f"Spark hides files whose names begin with {name[0]}; send the file under another name"
    if ":" in key and any(mark in key for mark in PATTERN_MARKS):  # Hadoop takes what is before a colon for a scheme
        return f"Spark cannot read a key with a colon beside any of {PATTERN_MARKS}; send the file under another key"
    if any(unicodedata.category(letter) in _UNPRINTABLE for letter in key):
        return "the key has a control character; send the file under another key"
    return ""

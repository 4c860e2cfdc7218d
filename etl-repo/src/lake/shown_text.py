"""Texts that others chose, such as keys and errors, as messages and log lines show them: on one line, and cut."""

from __future__ import annotations

import unicodedata

MOST_SHOWN = 300
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")


def quoted(text: str, most: int = MOST_SHOWN) -> str:
    """Put a text into quotes, with escapes in place of what does not print; a long one keeps its beginning."""
    return repr(text) if len(text) <= most else f"{text[:most]!r}… ({len(text):,} characters)"


def shown(text: str) -> str:
    """Give a short text that prints as it is, and any other one in quotes."""
    return text if len(text) <= MOST_SHOWN and text.isprintable() else quoted(text)


def on_one_line(text: str, most: int) -> str:
    """Write line breaks and other characters that do not print as escapes, and cut the text."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    if cut.isprintable():
        return cut
    return "".join(letter if unicodedata.category(letter) not in _UNPRINTABLE else _escaped(letter) for letter in cut)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode()

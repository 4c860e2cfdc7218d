"""Texts that others chose, such as keys and errors: as messages and log lines show them, and as items hold them."""

from __future__ import annotations

import unicodedata

MOST_SHOWN = 300
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")


def quoted(text: str, most: int = MOST_SHOWN) -> str:
    """Put a text into quotes, with escapes in place of what does not print; a long one keeps its beginning."""
    return repr(text) if len(text) <= most else f"{text[:most]!r}… ({len(text):,} characters)"


def shown(text: str) -> str:
    """Return a short printable text unchanged, and any other text in quotes."""
    return text if len(text) <= MOST_SHOWN and text.isprintable() else quoted(text)


def on_one_line(text: str, most: int) -> str:
    """Write line breaks and other characters that do not print as escapes, and cut the text."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    if cut.isprintable():
        return cut
    return "".join(letter if unicodedata.category(letter) not in _UNPRINTABLE else _escaped(letter) for letter in cut)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode()


# Shortens texts to fit into an item; DynamoDB counts bytes of UTF-8.


# an item holds 400 KB (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)
TRACE_BYTES = 20_000
MESSAGE_CHARACTERS = 1000
REASON_CHARACTERS = 10_000


def bounded_trace(trace: str) -> str:
    """Keep the beginning and the end of a trace: where it was called, and what was raised."""
    encoded = trace.encode("utf-8", "replace")
    if len(encoded) <= TRACE_BYTES:
        return encoded.decode()
    note = "\n… {} bytes are left out here; the log of the run has the whole trace …\n"
    room = TRACE_BYTES - len(note.format(len(encoded)).encode())
    first, last = encoded[: room // 2], encoded[len(encoded) - room // 2 :]
    left_out = len(encoded) - len(first) - len(last)
    return first.decode(errors="ignore") + note.format(left_out) + last.decode(errors="ignore")


def bounded_message(message: str) -> str:
    """Keep the beginning of a message."""
    return message.encode("utf-8", "replace").decode()[:MESSAGE_CHARACTERS]


def bounded_reason(reason: str) -> str:
    """Keep the beginning of why something is in quarantine, with escapes in place of what does not print."""
    return on_one_line(reason, REASON_CHARACTERS)

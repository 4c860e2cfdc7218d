"""Shortens texts to what an item may hold; DynamoDB counts bytes of UTF-8."""

from __future__ import annotations

from lake.shown_text import on_one_line

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

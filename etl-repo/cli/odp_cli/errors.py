"""What keeps a command from answering at all; an answer that is unwelcome is no error."""

from __future__ import annotations


class CommandError(Exception):
    """The command could not do its work: what is wrong, and what mends it."""

    def __init__(self, what: str, *, mend: str) -> None:
        super().__init__(f"{what}\n  To mend it: {mend}")

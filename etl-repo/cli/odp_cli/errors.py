"""The error of a command that cannot answer; an unwelcome answer is not an error."""

from __future__ import annotations


class CommandError(Exception):
    """The command could not do its work: the problem and the correction."""

    def __init__(self, what: str, *, mend: str) -> None:
        super().__init__(f"{what}\n  To mend it: {mend}")

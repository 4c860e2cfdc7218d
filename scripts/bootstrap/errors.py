"""Errors of the bootstrap commands."""

from __future__ import annotations


class BootstrapError(Exception):
    """A command cannot continue: the problem, the place and the correction."""

    def __init__(self, what: str, *, mend: str) -> None:
        super().__init__(f"{what}\n  To mend it: {mend}")
        self.what, self.mend = what, mend

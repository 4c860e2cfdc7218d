"""What can go wrong on the way to a bootstrapped account."""

from __future__ import annotations


class BootstrapError(Exception):
    """A command cannot go on: what is wrong, where, and what mends it."""

    def __init__(self, what: str, *, mend: str) -> None:
        super().__init__(f"{what}\n  To mend it: {mend}")
        self.what, self.mend = what, mend

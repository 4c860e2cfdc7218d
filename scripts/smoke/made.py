"""The resources of a smoke test, and their removal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum


class Phase(IntEnum):
    """The order of the clean-up: who writes ends first, then go the files, and last what explains them."""

    RUNNING = 1
    NOTICES = 2
    LANDED = 3
    LAKE = 4
    LEDGER = 5
    CONFIGURATION = 6


@dataclass(frozen=True)
class Thing:
    """Something to remove; `by_hand` says how a person removes it."""

    phase: Phase
    what: str
    remove: Callable[[], None]
    by_hand: str


@dataclass(frozen=True)
class Leftover:
    """Something that could not be removed, with the reason."""

    what: str
    why: str
    by_hand: str


@dataclass
class Made:
    """The things that exist or are about to: each is noted before it is made, so that no interruption loses one."""

    things: list[Thing] = field(default_factory=list)

    def note(self, phase: Phase, what: str, remove: Callable[[], None], *, by_hand: str) -> None:
        """Remember a thing that is about to be made; its removal must bear that it was never made."""
        self.things.append(Thing(phase, what, remove, by_hand))

    def remove_all(self, say: Callable[[str], None] = lambda _: None) -> list[Leftover]:
        """Remove everything, the newest of each phase first; a failure or Ctrl-C leaves one thing, not the others."""
        left = []
        newest_first = list(enumerate(self.things))[::-1]
        for _, thing in sorted(newest_first, key=lambda numbered: numbered[1].phase):
            say(f"removing {thing.what}")
            try:
                thing.remove()
            except KeyboardInterrupt:
                left.append(Leftover(thing.what, "interrupted", thing.by_hand))
            except Exception as error:  # noqa: BLE001  whatever went wrong, the rest must go
                left.append(Leftover(thing.what, f"{type(error).__name__}: {error}", thing.by_hand))
        self.things.clear()
        return left

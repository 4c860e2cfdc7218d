"""Which execution may enter a stage: one at a time, and those that wait as the pipeline's execution mode says.

QUEUED: in the order in which they were started. SUPERSEDED: the newest; it ends those that wait before the same stage.
docs/decisions/0010-rehearsed-pipelines.md cites what AWS says of it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class _Stage:
    holder: int | None = None
    waiting: list[int] = field(default_factory=list)


class StageLocks:
    """The stages of one pipeline and the executions, known by their numbers, that are in or before them."""

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self._stages: dict[str, _Stage] = {}
        self._changed = threading.Condition()

    def enter(self, stage: str, execution: int, *, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Wait for the stage and take it; False when a newer execution took the place, or this one is over."""
        with self._changed:
            place = self._stages.setdefault(stage, _Stage())
            self._queue(place, execution)
            self._changed.wait_for(lambda: is_over() or execution not in place.waiting or _is_next(place, execution))
            if execution not in place.waiting:
                return False
            place.waiting.remove(execution)
            if is_over():
                self._changed.notify_all()
                return False
            place.holder = execution
            return True

    def leave(self, stage: str, execution: int) -> None:
        """Let the next execution in."""
        with self._changed:
            place = self._stages[stage]
            if place.holder == execution:
                place.holder = None
            self._changed.notify_all()

    def wake(self) -> None:
        """Let those who wait look whether they are over."""
        with self._changed:
            self._changed.notify_all()

    def _queue(self, place: _Stage, execution: int) -> None:
        place.waiting = sorted([*place.waiting, execution])
        if self.mode == "SUPERSEDED":
            place.waiting = place.waiting[-1:]
        self._changed.notify_all()


def _is_next(place: _Stage, execution: int) -> bool:
    return place.holder is None and place.waiting[0] == execution

"""Runs several parties one step at a time, in any order, and kills any of them between two steps."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Killed(BaseException):
    """Ends a party; no handler of failures catches it."""


class Party:
    """A body in its own thread that runs only while `advance` lets it, from one `step` to the next."""

    def __init__(self, name: str, body: Callable[[], None]) -> None:
        self.name = name
        self.is_done = False
        self.failure: BaseException | None = None
        self._body = body
        self._fatal: BaseException | None = None
        self._may_run, self._has_paused = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def advance(self) -> None:
        """Let the body do one step."""
        self._may_run.release()
        self._has_paused.acquire()

    def strike(self, fatal: BaseException) -> None:
        """Raise an exception in the body instead of its next step."""
        self._fatal = fatal
        self.advance()

    def pause(self) -> None:
        """Wait, inside the body, for the next `advance`."""
        self._has_paused.release()
        self._wait()

    def _wait(self) -> None:
        self._may_run.acquire()
        fatal, self._fatal = self._fatal, None
        if fatal is not None:
            raise fatal

    def _run(self) -> None:
        try:
            self._wait()
            self._body()
        except BaseException as failure:  # noqa: BLE001 - the test looks at what ended a party
            self.failure = failure
        self.is_done = True
        self._has_paused.release()


class Parties:
    """Everything that runs at the same time."""

    def __init__(self) -> None:
        self.all: list[Party] = []

    @property
    def alive(self) -> list[Party]:
        """Those that have not ended."""
        return [party for party in self.all if not party.is_done]

    def start(self, name: str, body: Callable[[], None]) -> Party:
        """Add a party, which waits before its first step."""
        party = Party(name, body)
        self.all.append(party)
        party.advance()
        return party

    def step(self) -> None:
        """Pause the party whose body calls this."""
        here = threading.current_thread().name
        next(party for party in self.alive if party.name == here).pause()

    def end(self) -> None:
        """Kill what still runs."""
        for party in self.alive:
            while not party.is_done:
                party.strike(Killed())

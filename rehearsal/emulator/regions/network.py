"""The way between Regions: what S3 and DynamoDB replicate takes a while, comes in any order, and waits at a cut.

Without a delay everything arrives at once. The delays are drawn from a seed. What is under way ends with the emulator.
"""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

OBJECT, ITEM = "object", "item"
"""The kinds of shipments: an object's version or delete marker, and the newest write of an item."""
_LOG = logging.getLogger(__name__)

Later = Callable[[float, Callable[[], None]], None]


@dataclass(frozen=True)
class Delay:
    """Seconds between a write and its arrival: any number from the shortest to the longest, each as likely."""

    shortest: float = 0.0
    longest: float = 0.0


@dataclass(frozen=True)
class Shipment:
    """One version of an object or one write of an item, on its way to another Region."""

    kind: str
    what: str
    source: str
    destination: str
    deliver: Callable[[], None] = field(repr=False)
    size: int = 0
    sent: float = field(default_factory=time.time)

    def touches(self, region: str) -> bool:
        """Whether the Region is one of its two ends; what stays in a Region is never cut."""
        return self.source != self.destination and region in (self.source, self.destination)

    @property
    def description(self) -> dict[str, object]:
        """What the control API tells of it."""
        names = ("kind", "what", "source", "destination", "size", "sent")
        return {name: getattr(self, name) for name in names}


def _at_once_or_by_a_timer(seconds: float, call: Callable[[], None]) -> None:
    if seconds <= 0:
        call()
        return
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()


class RegionNetwork:
    """All shipments under way, and the Regions that are cut off."""

    def __init__(self, later: Later = _at_once_or_by_a_timer) -> None:
        self._later = later
        self._random = random.Random(0)  # noqa: S311 - a seed repeats it
        self._delays: dict[str, Delay] = {}
        self._cut: dict[str, bool] = {}
        self._moving: dict[int, Shipment] = {}
        self._waiting: dict[int, Shipment] = {}
        self._numbers = count()
        self._one_at_a_time = threading.Lock()

    def use(self, later: Later) -> None:
        """Deliver by another clock: that of the thread that serves requests, which alone may touch their stores."""
        self._later = later

    def configure(self, *, seed: int, delays: Mapping[str, Delay]) -> None:
        """Draw delays from a seed from now on; a kind without one arrives at once."""
        with self._one_at_a_time:
            self._random = random.Random(seed)  # noqa: S311 - a seed repeats it
            self._delays = dict(delays)

    def send(self, shipment: Shipment) -> None:
        """Take something on its way."""
        with self._one_at_a_time:
            number, seconds = next(self._numbers), self._seconds(shipment)
            self._moving[number] = shipment
        self._later(seconds, lambda: self._arrive(number))

    def cut(self, region: str, *, unreachable: bool) -> None:
        """Let nothing in or out of a Region; `unreachable`: calls over its border fail, too."""
        with self._one_at_a_time:
            self._cut[region] = unreachable

    def heal(self, region: str) -> None:
        """Join a Region again; what waited for it sets out now."""
        with self._one_at_a_time:
            self._cut.pop(region, None)
            free = {number: one for number, one in self._waiting.items() if not self._is_cut(one)}
            for number in free:
                del self._waiting[number]
        for shipment in free.values():
            self.send(shipment)

    def drop(self, region: str, *, kind: str = "", newest: int = 0) -> list[Shipment]:
        """Lose for good what is under way from or to a Region, of all kinds or one, all of it or the newest ones."""
        with self._one_at_a_time:
            lost = {
                number: one
                for number, one in {**self._moving, **self._waiting}.items()
                if one.touches(region) and kind in ("", one.kind)
            }
            numbers = sorted(lost, key=lambda number: lost[number].sent)[-newest:]
            for number in numbers:
                self._moving.pop(number, None)
                self._waiting.pop(number, None)
        return [lost[number] for number in numbers]

    @property
    def under_way(self) -> list[Shipment]:
        """What has not arrived, the oldest first."""
        with self._one_at_a_time:
            found = [*self._moving.values(), *self._waiting.values()]
        return sorted(found, key=lambda one: one.sent)

    @property
    def cut_off(self) -> dict[str, bool]:
        """The Regions that are cut off, and whether calls over their border fail."""
        with self._one_at_a_time:
            return dict(self._cut)

    def is_unreachable(self, region: str, *, from_region: str | None) -> bool:
        """Whether a call to a Region does not arrive: it would cross the border of one that is cut off."""
        if from_region == region:
            return False
        cut = self.cut_off
        return cut.get(region, False) or (from_region is not None and cut.get(from_region, False))

    def _seconds(self, shipment: Shipment) -> float:
        delay = self._delays.get(shipment.kind, Delay())
        return self._random.uniform(delay.shortest, delay.longest)

    def _is_cut(self, shipment: Shipment) -> bool:
        return any(shipment.touches(region) for region in self._cut)

    def _arrive(self, number: int) -> None:
        with self._one_at_a_time:
            shipment = self._moving.pop(number, None)
            if shipment is None:
                return
            if self._is_cut(shipment):
                self._waiting[number] = shipment
                return
        try:
            shipment.deliver()
        except Exception:  # noqa: BLE001 - the thread that delivers serves everybody
            _LOG.exception("%s did not arrive in %s", shipment.what, shipment.destination)

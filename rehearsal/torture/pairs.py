"""Which table format and which engines a table of a history has; an engine may change at every refresh."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

HUDI, ICEBERG = "hudi", "iceberg"


class Engine(StrEnum):
    """What applies a refresh."""

    SPARK = "spark"
    NATIVE = "native"


Pair = tuple[str, Engine]
"""A format, and the engine of a commit."""


@dataclass(frozen=True, slots=True)
class Storage:
    """The format of one table, and the share of its refreshes that the native engine is asked for first."""

    table_format: str
    native_share: float = 0.0

    def engine(self, draw: Random) -> Engine:
        """Draw the engine of one refresh."""
        return Engine.NATIVE if draw.random() < self.native_share else Engine.SPARK


ON_HUDI = Storage(HUDI)
STORAGES = (ON_HUDI, Storage(ICEBERG), Storage(ICEBERG, 1.0), Storage(ICEBERG, 0.5))
"""Hudi, Iceberg by Spark alone, by the native engine as far as that goes, and by both in turn."""


def any_storage(draw: Random) -> Storage:
    """Draw how a table is stored."""
    return draw.choice(STORAGES)

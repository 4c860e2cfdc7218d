"""What the demo asks of its source, whichever it is: files land in phases, and each phase is then applied."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.executions import Landing
from rehearsal.demo.progress import Steps
from rehearsal.report.model import Section
from rehearsal.source.operational_database import OperationalDatabase


class SourceKind(StrEnum):
    """The operational database of a demo."""

    MARIADB = "mariadb"
    """A server of its own, whose log a deployed replication follows."""
    FILE = "file"
    """A database in one file, whose changes the demo writes as AWS DMS would: for machines without a server."""


@dataclass(frozen=True, slots=True)
class Phase:
    """Files that landed, and what has to be applied before the next ones."""

    name: str
    landing: Landing
    files: int
    """How many files landed since the landing began."""
    left: Callable[[], int]
    """How many files have to be applied still."""


class DemoSource(Protocol):
    """An operational database, and how its changes come to the staging bucket."""

    @property
    def database(self) -> OperationalDatabase:
        """The database, which the demo opens and closes."""

    def phases(self, lake: DeployedLake, steps: Steps) -> Generator[Phase, None, None]:
        """Let files land phase by phase; the caller applies each phase before it asks for the next."""

    def sections(self, lake: DeployedLake) -> tuple[Section, ...]:
        """Give what the report shows of the source."""

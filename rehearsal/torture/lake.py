"""A lake as the history tester needs it: in memory or deployed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from rehearsal.torture.check import Finding
from rehearsal.torture.delivery import Message
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.evidence import TableEvidence
from rehearsal.torture.faults import Fault
from rehearsal.torture.reference_model import ReferenceModel


class Interrupted(Exception):  # noqa: N818 - it is no error of the lake
    """A person's command failed or was ended in the middle; the person repeats it."""


class Lake(Protocol):
    """What a trial asks of a lake."""

    violations: list[Finding]
    """What was done that may never be done."""

    def expect(self, fault: Fault | None) -> None:
        """Let this befall the calls outside of refreshes from now on, where the lake can play it; None ends it."""

    def put(self, file: DmsFile, reason: str = "PutObject") -> dict[str, Any]:
        """Store a file; returns S3's event."""

    def objects(self, folder: str) -> Sequence[DmsFile]:
        """List what can be read below a folder now."""

    def delete(self, key: str) -> bool:
        """Delete an object; tells whether a file of it was still pending or unknown to the lake."""

    def receive(self, messages: Sequence[Message]) -> Sequence[str]:
        """Let the File Manager have a batch of messages; gives those that failed."""

    def run(self, faults: Mapping[str, Fault], arrive: Callable[[], None]) -> None:
        """Run one execution; what befalls it is told by source table, `arrive` makes files arrive in its midst."""

    def sweep(self) -> None:
        """Let the File Manager look at as much of the bucket as it has time for."""

    def sweep_through(self) -> None:
        """Let the File Manager look at the whole bucket, in as many runs as that takes."""

    def has_work(self) -> bool:
        """Whether any file is pending."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""

    def quarantined(self) -> set[str]:
        """The keys of the objects that are in quarantine."""

    def held(self, replica: ReferenceModel) -> Sequence[DmsFile]:
        """The files of a table that wait for a person, as they can be read now."""

    def decide(self, replica: ReferenceModel, approved: Collection[str]) -> None:
        """Approve what waits for a person and has one of these keys, and dismiss the rest.

        Raises:
            Interrupted: about some of the files nothing may be decided yet.
        """

    def skip(self, replica: ReferenceModel, keys: Collection[str]) -> bool:
        """Skip what is pending and has one of these keys; tells whether no run was in the way.

        Raises:
            Interrupted: some of it may be pending yet.
        """

    def empty(self, replica: ReferenceModel) -> bool:
        """Have the table emptied whose load vanished from staging; tells whether the lake sees that it did.

        Raises:
            Interrupted: nothing was asked for.
        """

    def evidence(self, replica: ReferenceModel) -> TableEvidence:
        """Read everything about one table."""

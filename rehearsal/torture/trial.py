"""Plays a story on a lake, then lets everything settle, and asks for the verdict."""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from odp.records import RawTableConfig

from rehearsal.torture.delivery import Delivery, Message
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.evidence import TableEvidence
from rehearsal.torture.faults import Fault, any_fault
from rehearsal.torture.replica import Replica
from rehearsal.torture.stories import Act, Step
from rehearsal.torture.verdict import Finding, Kind, moment, verdict

_SETTLING_RUNS = 8
_A_LONG_TIME = 3600.0
_PAUSES = (0.0, 0.2, 1.0, 5.0)
_WAITS = (30.0, 400.0, 2000.0)
_BEFORE_A_LOAD = 3.0
_FAULTY_RUNS = 0.6
_LATE_FILES = 0.3


class Lake(Protocol):
    """A lake as a trial needs it."""

    violations: list[Finding]
    """What was done that may never be done."""

    def put(self, file: DmsFile) -> dict[str, object]:
        """Store a file; gives the event that S3 tells of it."""

    def receive(self, messages: Sequence[Message]) -> Sequence[str]:
        """Let the File Manager have a batch of messages; gives those that failed."""

    def run(self, faults: Mapping[str, Fault], arrive: Callable[[], None]) -> None:
        """Run one execution; what befalls it is told by source table, `arrive` makes files arrive in its midst."""

    def sweep(self) -> None:
        """Let the File Manager look at the whole bucket."""

    def has_work(self) -> bool:
        """Whether any file is pending."""

    def wait(self, seconds: float) -> None:
        """Let time pass."""

    def quarantined(self) -> set[str]:
        """The keys of the objects that are in quarantine."""

    def evidence(self, config: RawTableConfig) -> TableEvidence:
        """Read everything about one table."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one table."""

    table: str
    finding: Finding

    def __str__(self) -> str:
        return f"{self.table}: {self.finding}"


class Trial:
    """Some tables on one lake, with what happens to them step by step."""

    def __init__(self, lake: Lake, replicas: Sequence[Replica]) -> None:
        self.lake = lake
        self.replicas = replicas
        self._delivery = Delivery(lake.receive)
        self._strays: set[str] = set()
        self._acts: Mapping[Act, Callable[[Replica, Random], None]] = {
            Act.CHANGE: self._change,
            Act.ADD_COLUMN: lambda replica, _: replica.source.add_column(),
            Act.WIDEN: lambda replica, draw: replica.source.widen(draw),
            Act.FLUSH: self._flush,
            Act.LOAD: self._load,
            Act.PART: self._part,
            Act.REWIND: lambda replica, draw: replica.dms.rewind(draw),
            Act.AGAIN: self._again,
            Act.BREAK: self._break,
            Act.STRAY: self._stray,
            Act.DELIVER: lambda _, draw: self._delivery.deliver_some(draw),
            Act.LOSE: lambda _, draw: self._delivery.lose_one(draw),
            Act.REPEAT: lambda _, draw: self._delivery.repeat_some(draw),
            Act.SWEEP: lambda *_: lake.sweep(),
            Act.WAIT: lambda _, draw: lake.wait(draw.choice(_WAITS)),
            Act.RUN: lambda _, draw: self._run(draw),
        }

    def play(self, steps: Iterable[Step]) -> list[Problem]:
        """Take all steps and let everything settle; gives what is wrong, as soon as anything is."""
        for step in steps:
            self.take(step)
            if problems := list(self._wrong_now(step.act)):
                return problems
        self.settle()
        return list(self.judge())

    def take(self, step: Step) -> None:
        """Take one step."""
        self._acts[step.act](self.replicas[step.table], step.draw)

    def settle(self) -> None:
        """Write what is unwritten, deliver what was not lost, and run executions that nothing befalls."""
        for replica in self.replicas:
            draw = Random(replica.name)
            self._flush(replica, draw)
            self._land_late(replica, draw)
        self._delivery.deliver_all()
        for _ in range(_SETTLING_RUNS):
            self.lake.wait(_A_LONG_TIME)
            self.lake.sweep()
            if not self.lake.has_work():
                return
            self.lake.run({}, lambda: None)

    def judge(self) -> Iterator[Problem]:
        """Everything that is wrong in the end."""
        yield from (Problem("the lake", finding) for finding in self.lake.violations)
        for key in self._strays - self.lake.quarantined():
            yield Problem("the lake", Finding(Kind.QUARANTINE, key))
        for replica in self.replicas:
            found = verdict(self.lake.evidence(replica.config), replica)
            yield from (Problem(replica.name, finding) for finding in found)

    def faults(self, draw: Random) -> dict[str, Fault]:
        """What befalls the tables of one execution."""
        faults = {replica.config.source_table_name: any_fault(draw) for replica in self.replicas}
        return {name: fault for name, fault in faults.items() if draw.random() < _FAULTY_RUNS}

    def _wrong_now(self, act: Act) -> Iterator[Problem]:
        if act not in (Act.DELIVER, Act.REPEAT, Act.RUN):
            return
        yield from (Problem("the lake", finding) for finding in self.lake.violations)
        for replica in self.replicas:
            found = moment(self.lake.evidence(replica.config), replica)
            yield from (Problem(replica.name, finding) for finding in found)

    def _change(self, replica: Replica, draw: Random) -> None:
        for _ in range(draw.randint(1, 5)):
            replica.source.change(draw)

    def _load(self, replica: Replica, draw: Random) -> None:
        self._land_late(replica, draw)
        replica.fill(draw)
        replica.begin_load(draw)
        self.lake.wait(_BEFORE_A_LOAD)
        self._land([replica.next_part()], draw)

    def _part(self, replica: Replica, draw: Random) -> None:
        if replica.unwritten:
            self._land([replica.next_part()], draw)

    def _flush(self, replica: Replica, draw: Random) -> None:
        """Changes wait until the load is written; the upload of some takes so long that later ones overtake them."""
        while replica.unwritten:
            self._part(replica, draw)
        late, replica.late = replica.late, []
        files = replica.next_changes()
        replica.late = [file for file in files if draw.random() < _LATE_FILES]
        self._land([file for file in files if file not in replica.late], draw)
        self._land(late, draw)

    def _land_late(self, replica: Replica, draw: Random) -> None:
        late, replica.late = replica.late, []
        self._land(late, draw)

    def _again(self, replica: Replica, draw: Random) -> None:
        written = replica.of_generation.values()
        changes = [file for file in written if not file.is_load and file not in replica.late]
        if changes:
            self._land([draw.choice(changes)], draw)

    def _break(self, replica: Replica, draw: Random) -> None:
        while replica.unwritten:
            self._part(replica, draw)
        replica.is_broken = True
        self._land([replica.dms.no_parquet()], draw)

    def _stray(self, _: Replica, draw: Random) -> None:
        stray = DmsFile(f"strays/{draw.getrandbits(32)}.txt", {}, ())
        self._strays.add(stray.key)
        self._land([stray], draw)

    def _run(self, draw: Random) -> None:
        faults = self.faults(draw)
        self.lake.run(faults, lambda: self._delivery.deliver_some(draw))

    def _land(self, files: Iterable[DmsFile], draw: Random) -> None:
        for file in files:
            self._delivery.announce(self.lake.put(file))
            self.lake.wait(draw.choice(_PAUSES))

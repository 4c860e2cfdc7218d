"""Plays a history on a lake, lets everything settle, and checks the result."""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from rehearsal.torture.check import Finding, Kind, moment, verdict
from rehearsal.torture.dms_files import Delivery, DmsFile
from rehearsal.torture.evidence import APPLIED, Version
from rehearsal.torture.faults import Fault, any_call_fault, any_fault
from rehearsal.torture.histories import TROUBLED, Act, Step, trouble_of
from rehearsal.torture.lake import LakeUnderTest, decide, skip_broken
from rehearsal.torture.reference_model import STALLS_AFTER, ReferenceModel

_SETTLING_RUNS, _TROUBLED_RUNS = 16, 4
COPY = "CopyObject"
_A_LONG_TIME = 3600.0
_PAUSES = (0.0, 0.2, 1.0, 5.0)
_WAITS = (30.0, 400.0, 2000.0)
_BEFORE_A_LOAD = 3.0
_FAULTY_RUNS = 0.6
_LATE_FILES = 0.3
_PATIENT = 0.5
_SKIPS = 0.5
_WRITES_DURING_A_RUN = 0.8
_DROPS_OBJECTS = 0.5
_GIVEN_UP_LOADS = 0.7


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one table."""

    table: str
    finding: Finding

    def __str__(self) -> str:
        return f"{self.table}: {self.finding}"


class Trial:
    """Some tables on one lake, with what happens to them step by step."""

    def __init__(self, lake: LakeUnderTest, replicas: Sequence[ReferenceModel]) -> None:
        self.lake = lake
        self.replicas = replicas
        self._delivery = Delivery(lake.receive)
        self._strays: set[str] = set()
        self._before_loads: list[Problem] = []
        self._remembered: dict[str, Sequence[DmsFile]] = {}
        self._acts: Mapping[Act, Callable[[ReferenceModel, Random], None]] = {
            Act.CHANGE: self._change,
            Act.CHANGE_KEY: lambda replica, draw: replica.change_key(draw),
            Act.TRUNCATE: self._truncate,
            Act.ADD_COLUMN: lambda replica, _: replica.source.add_column(),
            Act.WIDEN: lambda replica, draw: replica.source.widen(draw),
            Act.FLUSH: self._flush,
            Act.LOAD: self._load,
            Act.PART: self._part,
            Act.REWIND: lambda replica, draw: replica.dms.rewind(draw),
            Act.AGAIN: lambda replica, draw: self._write_again(replica, draw, "PutObject"),
            Act.COPY: lambda replica, draw: self._write_again(replica, draw, COPY),
            Act.COPY_FOLDER: self._copy_folder,
            Act.RESTORE: self._restore,
            Act.DELETE: self._delete,
            Act.DECIDE: self._decide,
            Act.BREAK: self._break,
            Act.STRAY: self._stray,
            Act.DELIVER: lambda _, draw: self._delivery.deliver_some(draw),
            Act.LOSE: lambda _, draw: self._delivery.lose_one(draw),
            Act.REPEAT: lambda _, draw: self._delivery.repeat_some(draw),
            Act.SWEEP: lambda *_: lake.sweep(),
            Act.WAIT: lambda _, draw: lake.wait(draw.choice(_WAITS)),
            Act.RUN: lambda _, draw: self._run(draw),
            Act.DROP: self._drop,
            Act.EMPTY: self._empty,
            Act.CREATE_AGAIN: self._create_again,
            Act.RESTART: self._restart,
        }

    def play(self, steps: Iterable[Step]) -> list[Problem]:
        """Take all steps and let everything settle; gives what is wrong, as soon as anything is."""
        last = 0
        for step in steps:
            self.take(step)
            if problems := list(self._wrong_now(step.act)):
                return problems
            last = step.seed
        self.settle(Random(f"{last}/settling") if last else None)
        return list(self.judge())

    def take(self, step: Step) -> None:
        """Take one step."""
        self.lake.expect(trouble_of(step))
        self._acts[step.act](self.replicas[step.table], step.draw)
        self.lake.expect(None)

    def settle(self, trouble: Random | None = None) -> None:
        """Write and load what is missing, deliver what was not lost, run executions, decide what is held.

        Trouble may go on for a while, and ends.
        """
        for replica in self.replicas:
            draw = Random(replica.name)
            self._land_all(replica, draw)
        self._delivery.deliver_all()
        self._come_to_rest(trouble)
        again = [replica for replica in self.replicas if replica.must_be_loaded]
        lacking = [replica for replica in again if replica.lacks_rows_only]
        self._before_loads = [problem for replica in lacking for problem in self._wrong(replica)]
        for replica in again:
            draw = Random(replica.name)
            self._load(replica, draw)
            self._land_all(replica, draw)
        if again:
            self._delivery.deliver_all()
            self._come_to_rest(trouble)

    def _come_to_rest(self, trouble: Random | None) -> None:
        self.lake.sweep_through()
        skips = trouble is not None and trouble.random() < _SKIPS
        for number in range(_SETTLING_RUNS):
            fault = any_call_fault(trouble) if trouble and number < _TROUBLED_RUNS else None
            self.lake.expect(fault)
            self.lake.wait(_A_LONG_TIME)
            for replica in self.replicas:
                if skips or replica.has_begun_to_skip:  # who was interrupted does it again
                    skip_broken(self.lake, replica)
                decide(self.lake, replica)
            if not (fault or self.lake.has_work()):
                break
            self.lake.run({}, lambda: None)
        self.lake.expect(None)

    def judge(self) -> Iterator[Problem]:
        """Everything that is wrong in the end, and what was wrong before tables were loaded again that lack a part."""
        yield from self._before_loads
        yield from (Problem("the lake", finding) for finding in self.lake.violations)
        for key in self._strays - self.lake.quarantined():
            yield Problem("the lake", Finding(Kind.QUARANTINE, key))
        for replica in self.replicas:
            yield from self._wrong(replica)

    def _wrong(self, replica: ReferenceModel) -> Iterator[Problem]:
        return (Problem(replica.name, finding) for finding in verdict(self.lake.evidence(replica), replica))

    def faults(self, draw: Random) -> dict[str, Fault]:
        """Draw the faults of the tables of one execution."""
        faults = {replica.kind.source_table_name: any_fault(draw) for replica in self.replicas}
        return {name: fault for name, fault in faults.items() if draw.random() < _FAULTY_RUNS}

    def _wrong_now(self, act: Act) -> Iterator[Problem]:
        if act not in TROUBLED:
            return
        yield from (Problem("the lake", finding) for finding in self.lake.violations)
        known: set[Version] = set()
        for replica in self.replicas:
            evidence = self.lake.evidence(replica)
            known |= {(file.key, file.version_id) for file in (*evidence.pending, *evidence.history)}
            yield from (Problem(replica.name, finding) for finding in moment(evidence, replica))
        unknown = {key for key, _ in self._delivery.acknowledged - known}
        for key in unknown - self.lake.quarantined():
            yield Problem("the lake", Finding(Kind.LOST, f"the event of {key} is done, and nobody registered it"))

    def _decide(self, replica: ReferenceModel, draw: Random) -> None:
        decide(self.lake, replica, is_patient=draw.random() < _PATIENT)
        if draw.random() < _SKIPS:
            skip_broken(self.lake, replica)

    def _change(self, replica: ReferenceModel, draw: Random) -> None:
        for _ in range(draw.randint(1, 5)):
            replica.source.change(draw)

    def _truncate(self, replica: ReferenceModel, draw: Random) -> None:
        """DMS writes nothing of it (HandleSourceTableTruncated is false); what it has read so far it writes first."""
        self._land_all(replica, draw)
        replica.empty(is_vanished=False)

    def _empty(self, replica: ReferenceModel, draw: Random) -> None:
        """DMS deletes the table's objects (HandleSourceTableTruncated or …Dropped is true), read or not."""
        self._land_all(replica, draw)
        self.lake.wait(_BEFORE_A_LOAD)
        replica.is_unknown = replica.is_created_again and not self._has_newest_load(replica)
        self._delete_all(replica)
        replica.empty(is_vanished=True)
        self.lake.wait(draw.choice(_PAUSES))

    def _restart(self, replica: ReferenceModel, draw: Random) -> None:
        """The columns change in the midst of a load, so that DMS has to begin it again; one part has no midst."""
        if not replica.unwritten:
            self._load(replica, draw)
        for _ in range(draw.randrange(len(replica.unwritten) or 1)):
            self._part(replica, draw)
        if replica.unwritten:
            self._give_up(replica, draw)
            replica.alter(draw)
            self._wait_after_a_stall(replica)
            self.lake.wait(draw.choice(_PAUSES))
            self._load(replica, draw)

    def _wait_after_a_stall(self, replica: ReferenceModel) -> None:
        """Late parts of a load would look like the start of the next load, with refused columns."""
        if replica.has_stalled:
            self.lake.wait(STALLS_AFTER.total_seconds())

    def _give_up(self, replica: ReferenceModel, draw: Random) -> None:
        """The task that loads drops the changes that it has cached; another one has written its changes."""
        if replica.dms.writes_changes_apart:
            self._flush(replica, draw)
        self._land_late(replica, draw)

    def _create_again(self, replica: ReferenceModel, draw: Random) -> None:
        """With HandleSourceTableDropped DMS deletes the objects; the new table is one to it after a load only."""
        is_given_up = replica.unwritten and draw.random() < _GIVEN_UP_LOADS
        (self._give_up if is_given_up else self._land_all)(replica, draw)
        is_vanished = draw.random() < _DROPS_OBJECTS
        if is_vanished:
            self.lake.wait(_BEFORE_A_LOAD)
            self._delete_all(replica)
        replica.create_again(draw, is_vanished=is_vanished)
        self._wait_after_a_stall(replica)
        self.lake.wait(draw.choice(_PAUSES))
        self._change(replica, draw)
        self._load(replica, draw)

    def _has_newest_load(self, replica: ReferenceModel) -> bool:
        history = self.lake.evidence(replica).history
        return bool(replica.written & {(file.key, file.version_id) for file in history if file.status == APPLIED})

    def _load(self, replica: ReferenceModel, draw: Random) -> None:
        self._land_late(replica, draw)
        replica.fill(draw)
        replica.begin_load(draw)
        self.lake.wait(_BEFORE_A_LOAD)
        self._part(replica, draw)

    def _drop(self, replica: ReferenceModel, draw: Random) -> None:
        """DROP_AND_CREATE: of what nobody had read, the load has all rows, but not their former versions."""
        self._land_late(replica, draw)
        self._delete_all(replica)
        self._load(replica, draw)

    def _delete_all(self, replica: ReferenceModel) -> None:
        """DMS deletes all objects; only versions of a historical table can get lost that way."""
        must_load = replica.must_load
        for file in self.lake.objects(replica.dms.folder):
            if self.lake.delete(file.key) and (replica.kind.is_historical or not file.columns):
                replica.lose(file)
        replica.must_load = must_load

    def _part(self, replica: ReferenceModel, draw: Random) -> None:
        if replica.unwritten:
            self._land([replica.next_part()], draw)

    def _flush(self, replica: ReferenceModel, draw: Random) -> None:
        """The upload of some files takes so long that later ones overtake them.

        A task that loads a table writes its changes after the load; a task of its own writes them between the parts.
        """
        while replica.unwritten and not replica.dms.writes_changes_apart:
            self._part(replica, draw)
        late, replica.late = replica.late, []
        files = replica.next_changes()
        replica.late = [file for file in files if draw.random() < _LATE_FILES]
        self._land([file for file in files if file not in replica.late], draw)
        self._land(late, draw)

    def _land_late(self, replica: ReferenceModel, draw: Random) -> None:
        late, replica.late = replica.late, []
        self._land(late, draw)

    def _land_all(self, replica: ReferenceModel, draw: Random) -> None:
        while replica.unwritten:
            self._part(replica, draw)
        self._flush(replica, draw)
        self._land_late(replica, draw)

    def _write_again(self, replica: ReferenceModel, draw: Random, reason: str) -> None:
        objects = self.lake.objects(replica.dms.folder)
        if objects:
            self._meddle(replica, [draw.choice(objects)], draw, reason)

    def _meddle(self, replica: ReferenceModel, files: Sequence[DmsFile], draw: Random, reason: str) -> None:
        """Write files again, but none of former columns: they are refused by name until a person skips them."""
        files = [file for file in files if file not in replica.former_files]
        replica.is_touched = replica.is_touched or any(file.is_load for file in files)
        self._land(files, draw, reason)

    def _copy_folder(self, replica: ReferenceModel, draw: Random) -> None:
        objects = sorted(self.lake.objects(replica.dms.folder), key=lambda file: file.key)
        self._meddle(replica, objects, draw, COPY)

    def _restore(self, replica: ReferenceModel, draw: Random) -> None:
        """The first time the folder is backed up; later it is restored, in any order."""
        backup = list(self._remembered.pop(replica.name, ()))
        if not backup:
            self._remembered[replica.name] = self.lake.objects(replica.dms.folder)
            return
        draw.shuffle(backup)
        self._meddle(replica, backup, draw, "PutObject")

    def _delete(self, replica: ReferenceModel, draw: Random) -> None:
        """An operator deletes an object; nobody can tell then whether the source was emptied, so all is loaded."""
        objects = self.lake.objects(replica.dms.folder)
        if objects:
            file = draw.choice(objects)
            replica.is_vanished = False
            if self.lake.delete(file.key):
                replica.lose(file)

    def _break(self, replica: ReferenceModel, draw: Random) -> None:
        while replica.unwritten:
            self._part(replica, draw)
        replica.is_broken = True
        self._land([replica.dms.no_parquet()], draw)

    def _stray(self, _: ReferenceModel, draw: Random) -> None:
        stray = DmsFile(f"strays/{draw.getrandbits(32)}.txt", {}, ())
        self._strays.add(stray.key)
        self._land([stray], draw)

    def _run(self, draw: Random) -> None:
        faults = self.faults(draw)
        self.lake.run(faults, lambda: self._arrive(draw))

    def _arrive(self, draw: Random) -> None:
        """During a run DMS writes files, and events of earlier ones arrive."""
        replica = draw.choice(self.replicas)
        if draw.random() < _WRITES_DURING_A_RUN:
            self._part(replica, draw) if replica.unwritten else self._flush(replica, draw)
        self._delivery.deliver_some(draw)

    def _land(self, files: Iterable[DmsFile], draw: Random, reason: str = "PutObject") -> None:
        for file in files:
            event = self.lake.put(file, reason)
            for replica in self.replicas:
                replica.note(file, event["detail"]["object"]["version-id"])
            self._delivery.announce(event)
            self.lake.wait(draw.choice(_PAUSES))

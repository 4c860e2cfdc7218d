"""Histories of a lake in two Regions: a failover at any moment, also in the midst of a run, the return, the failback.

Everything else that happens is drawn as for one Region. In the end the active Region's lake must equal the source.
"""
# ruff: noqa: S311 - draws must repeat, not be secret

from collections.abc import Callable, Sequence
from random import Random

from rehearsal.source.dms import CHANGE_SEQUENCE
from rehearsal.torture.dms_files import Delivery, DmsFile
from rehearsal.torture.faults import BOUNDARIES, Fault, FaultKind
from rehearsal.torture.histories import Act, Step, Story
from rehearsal.torture.memory.two_regions import TwoRegions
from rehearsal.torture.pairs import any_storage
from rehearsal.torture.reference_model import ReferenceModel, any_kind
from rehearsal.torture.trial import Trial

LEFT_OUT = (Act.EMPTY, Act.BREAK)
"""A person emptied a table or skipped a file in one Region, and the other one has not heard of it."""
_PLANNED, _RETURNS, _RETURNS_AT_ONCE, _FAILS_BACK, _IN_A_RUN = 0.3, 0.7, 0.3, 0.6, 0.6
_A_LONG_TIME = 4 * 3600.0


def regions_trial(story: Story) -> "RegionsTrial":
    """Set the tables of a history up in two Regions; how they are made depends on its seed alone."""
    draw = Random(f"{story.seed}/regions")
    lake = TwoRegions(story.seed, draw)
    replicas: list[ReferenceModel] = []
    for number in range(story.tables):
        of_table = Random(f"{story.seed}/{number}")
        kind = any_kind(f"t{number}", of_table)
        replicas.append(ReferenceModel(f"t{number}", kind, of_table, lake.clock.datetime))
        replicas[-1].storage = any_storage(Random(f"{story.seed}/{number}/storage"))
    lake.set_up(replicas)
    return RegionsTrial(lake, replicas, draw, len(story.steps))


class RegionsTrial(Trial):
    """A trial in which Regions are lost, and come back."""

    def __init__(self, lake: TwoRegions, replicas: Sequence[ReferenceModel], draw: Random, steps: int) -> None:
        super().__init__(lake, replicas)
        self.regions = lake
        self._of_regions = draw
        self._deliveries = [self._delivery, Delivery(lake.lakes[1].receive)]
        self._deliveries[0] = self._delivery = Delivery(lake.lakes[0].receive)
        self._number = 0
        self.files_missing = 0
        """The files that were on the way when the secondary took over."""
        self._lost_strays: set[str] = set()
        self._lost_changes: list[tuple[ReferenceModel, DmsFile]] = []
        self.is_planned = draw.random() < _PLANNED
        lost = draw.randint(steps // 4, steps)
        returns = draw.randint(lost, steps) if draw.random() < _RETURNS else steps + 1
        fails_back = draw.randint(returns, steps) if returns <= steps and draw.random() < _FAILS_BACK else steps + 1
        self._events: list[tuple[int, Callable[[], None]]] = [
            (lost, self.fail_over),
            (returns, self.come_back),
            (fails_back, self.fail_back),
        ]
        self._waits_for_a_run = draw.random() < _IN_A_RUN
        self.was_lost_in_a_run = False

    def take(self, step: Step) -> None:
        """Take one step, after what happens to Regions before it."""
        if step.act in LEFT_OUT:
            step = Step(Act.RUN, step.table, step.seed)
        self._number += 1
        while self._events and self._events[0][0] < self._number and not self._waits_for_a_run:
            self._events.pop(0)[1]()
        super().take(step)

    def settle(self, trouble: Random | None = None) -> None:
        """Let what is on the way arrive, then let everything settle in the active Region."""
        for at, event in self._events:
            if at < self._number:
                event()
        if self.regions.is_cut:
            self.regions.forget()
            self.regions.is_cut = False
        for replica in self.replicas:  # nobody can wait for a load that pauses for so long
            self._land_all(replica, Random(replica.name))
        self.lake.wait(_A_LONG_TIME)
        super().settle(trouble)

    def faults(self, draw: Random) -> dict[str, Fault]:
        """Draw the faults of an execution; one in which the Region is lost has a moment for that."""
        faults = super().faults(draw)
        if self._waits_for_a_run and self._events[0][0] < self._number:
            replica = draw.choice(self.replicas)
            faults[replica.kind.source_table_name] = Fault(FaultKind.ARRIVAL, draw.randint(1, BOUNDARIES // 2))
        return faults

    def _arrive(self, draw: Random) -> None:
        if self._waits_for_a_run and self._events[0][0] < self._number:
            self._waits_for_a_run, self.was_lost_in_a_run = False, True
            self._events.pop(0)[1]()
            if draw.random() < _RETURNS_AT_ONCE:  # and the run goes on
                self._events.pop(0)[1]()
        super()._arrive(draw)

    def fail_over(self) -> None:
        """Let the secondary take over; DMS loads there what it does not know to have arrived."""
        draw, unwritten = self._of_regions, [replica for replica in self.replicas if replica.unwritten]
        self.regions.fail_over(planned=self.is_planned)
        self._delivery = self._deliveries[self.regions.active]
        self._remembered.clear()  # nobody restores what another bucket had: nothing could tell that it is old
        missing = self.regions.missing_here()
        self.files_missing = len(missing)
        self._lost_strays = {version.file.key for version in missing} & self._strays
        self._strays -= self._lost_strays
        for replica in self.replicas:
            mine = [version for version in missing if version.file.key.startswith(replica.dms.folder)]
            self._forget_versions(replica, [version.file for version in mine])
            if mine or replica in unwritten:
                self._load(replica, draw)

    def come_back(self) -> None:
        """Let the primary come back; what was not copied comes now."""
        self.regions.heal()
        for replica, file in self._lost_changes:
            for row in file.rows:
                replica._delivered.setdefault(row[CHANGE_SEQUENCE], row)  # noqa: SLF001 - the model's own
        self._lost_changes = []
        self._strays |= self._lost_strays

    def fail_back(self) -> None:
        """Let the primary take over again, on purpose."""
        self.regions.fail_over(planned=True)
        self._delivery = self._deliveries[self.regions.active]

    def _forget_versions(self, replica: ReferenceModel, files: Sequence[DmsFile]) -> None:
        """What was not copied is in no version of a historical table, unless it comes later."""
        if not replica.kind.is_historical:
            return
        for file in files:
            if not file.is_load:
                self._lost_changes.append((replica, file))
                for row in file.rows:
                    replica._delivered.pop(row[CHANGE_SEQUENCE], None)  # noqa: SLF001 - the model's own

"""Plays a story on a lake, then lets everything settle, and asks for the verdict."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from rehearsal.torture.delivery import Delivery
from rehearsal.torture.dms_files import DmsFile
from rehearsal.torture.faults import Fault, any_fault
from rehearsal.torture.memory.lake import MemoryLake
from rehearsal.torture.replica import Replica
from rehearsal.torture.stories import Act, Step, Story
from rehearsal.torture.verdict import moment, verdict

_SETTLING_RUNS = 8
_A_LONG_TIME = 3600.0
_PAUSES = (0.0, 0.2, 1.0, 5.0)
_BEFORE_A_LOAD = 3.0
_FAULTS = 0.6


class Trial:
    """One story on one lake."""

    def __init__(self, story: Story) -> None:
        self.lake = MemoryLake()
        self._story = story
        draws = (Random(f"{story.seed}/{table}") for table in range(story.tables))  # noqa: S311 - must repeat
        self._replicas = [Replica(f"t{number}", draw, self.lake.clock.datetime) for number, draw in enumerate(draws)]
        self.lake.configs = {replica.config.source_table_name: replica.config for replica in self._replicas}
        self._delivery = Delivery(self.lake.receive)

    def play(self) -> list[str]:
        """Play the story to its end; gives what is wrong, as soon as anything is."""
        for step in self._story.steps:
            self._take(step)
            if problems := [*self.lake.violations, *moment(self.lake)]:
                return problems
        self._settle()
        return list(verdict(self.lake, self._replicas))

    def _take(self, step: Step) -> None:
        replica, draw = self._replicas[step.table], step.draw
        match step.act:
            case Act.CHANGE:
                for _ in range(draw.randint(1, 5)):
                    replica.source.change(draw)
            case Act.ADD_COLUMN:
                replica.source.add_column()
            case Act.WIDEN:
                replica.source.widen(draw)
            case Act.FLUSH:
                self._land(self._flushed(replica), draw)
            case Act.LOAD:
                replica.fill(draw)
                replica.begin_load()
                self.lake.clock.seconds += _BEFORE_A_LOAD
                self._land([replica.next_part()], draw)
            case Act.PART if replica.unwritten:
                self._land([replica.next_part()], draw)
            case Act.REWIND:
                replica.dms.rewind(draw)
            case Act.BREAK:
                replica.is_broken = True
                self._land([replica.dms.no_parquet()], draw)
            case Act.DELIVER:
                self._delivery.deliver_some(draw)
            case Act.LOSE:
                self._delivery.lose_one(draw)
            case Act.REPEAT:
                self._delivery.repeat_some(draw)
            case Act.WAIT:
                self.lake.clock.seconds += draw.choice((30.0, 400.0, 2000.0))
            case Act.RUN:
                self.lake.arrive = lambda: self._delivery.deliver_some(draw)
                self.lake.run(self._faults(draw))

    def _faults(self, draw: Random) -> dict[str, Fault]:
        faults = {name: any_fault(draw) for name in self.lake.configs}
        return {name: fault for name, fault in faults.items() if draw.random() < _FAULTS}

    def _flushed(self, replica: Replica) -> Iterator[DmsFile]:
        while replica.unwritten:  # changes wait until the load is written
            yield replica.next_part()
        yield from replica.next_changes()

    def _land(self, files: Iterator[DmsFile] | list[DmsFile], draw: Random) -> None:
        for file in files:
            self._delivery.announce(self.lake.put(file))
            self.lake.clock.seconds += draw.choice(_PAUSES)

    def _settle(self) -> None:
        for replica in self._replicas:
            self._land(self._flushed(replica), Random(self._story.seed))  # noqa: S311 - must repeat
        self._delivery.deliver_all()
        for _ in range(_SETTLING_RUNS):
            self.lake.clock.seconds += _A_LONG_TIME
            self.lake.run({})

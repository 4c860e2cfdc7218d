"""The daily look for vanished loads: every table once a day, and none is passed over when the time is over."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from odp.file_manager.vanished_look import LOOK_EVERY, VanishedLook
from odp.records import LandedFile

from lake.landing.listings import SweepState
from tests.unit.odp.file_manager.loads_in_memory import NOW, LakeOfLoads, part

EXPIRED = "2026-09-02T00:00:00Z"
TABLES = ["s.a", "s.b", "s.c"]


class Looker(LakeOfLoads):
    """A look at three tables whose loads vanished; each listing takes a minute."""

    def __init__(self) -> None:
        parts = [part(1, folder=f"{name.replace('.', '/')}/") for name in TABLES]
        super().__init__(*parts)
        self.delete(*parts)
        self.state = SweepState(key_marker="k")
        self.failing: dict[str, BaseException] = {}
        self.told: list[str] = []
        self.look = VanishedLook(self.loads, self, lambda: self.now, self.tell)

    def load(self) -> SweepState:
        return self.state

    def save(self, state: SweepState) -> None:
        self.state = state

    def tell(self, table: str) -> None:
        self.told.append(table)

    def processed_loads(self, source_table_name: str) -> Sequence[LandedFile]:
        if source_table_name in self.failing:
            raise self.failing[source_table_name]
        return super().processed_loads(source_table_name)

    def deletions(self, bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
        self.now += timedelta(minutes=1)
        return super().deletions(bucket, prefix)

    def run(self, minutes: float = 15) -> int:
        return self.look.run(TABLES, self.now + timedelta(minutes=minutes))

    def tables(self) -> list[str]:
        return [str(entry.details["source_table_name"]) for entry in self.kept.values()]


@pytest.fixture
def looker() -> Looker:
    return Looker()


def test_every_table_is_looked_at_once_a_day(looker: Looker) -> None:
    assert looker.look.is_due()
    assert looker.run() == 3
    assert looker.state == SweepState(key_marker="k", loads_began=NOW.isoformat(), expired_until=EXPIRED)
    looker.requests.clear()
    looker.now = NOW + LOOK_EVERY - timedelta(minutes=1)
    assert (looker.look.is_due(), looker.run(), looker.requests) == (False, 0, [])
    looker.now = NOW + LOOK_EVERY
    assert (looker.look.is_due(), looker.run()) == (True, 0)
    assert [request for request in looker.requests if "list" in request] == [
        "list s/a/LOAD00000001.parquet",
        "list s/b/LOAD00000001.parquet",
        "list s/c/LOAD00000001.parquet",
    ]


def test_look_that_does_not_fit_into_one_run_goes_on_at_the_next_table(looker: Looker) -> None:
    assert looker.run(minutes=2) == 2
    assert (looker.tables(), looker.state.loads_after) == (["s.a", "s.b"], "s.b")
    looker.now += timedelta(hours=1)
    assert looker.look.is_due()
    assert looker.run(minutes=2) == 1
    assert (looker.tables(), looker.state.loads_after) == (TABLES, "")
    assert looker.state.loads_began == NOW.isoformat(), "the next look is due a day after this one began"
    assert not looker.look.is_due()


def test_table_that_was_begun_is_finished(looker: Looker) -> None:
    assert looker.run(minutes=0.5) == 1
    assert looker.tables() == ["s.a"]


def test_run_without_time_looks_at_nothing_and_the_look_stays_due(looker: Looker) -> None:
    assert looker.run(minutes=0) == 0
    assert (looker.tables(), looker.state) == ([], SweepState(key_marker="k", expired_until=EXPIRED))
    looker.run(minutes=1)
    assert looker.run(minutes=0) == 0
    assert looker.state.loads_after == "s.a"


def test_look_ends_although_the_tables_that_are_left_are_configured_no_more(looker: Looker) -> None:
    looker.run(minutes=1)
    assert looker.look.run(["s.a"], looker.now + timedelta(minutes=1)) == 0
    assert looker.state.loads_after == ""


def test_lake_without_tables_is_looked_at_again_a_day_later(looker: Looker) -> None:
    assert looker.look.run([], looker.now + timedelta(minutes=1)) == 0
    assert not looker.look.is_due()


def test_table_whose_look_fails_blocks_no_other_and_fails_the_run_at_its_end(
    looker: Looker, caplog: pytest.LogCaptureFixture
) -> None:
    """The alarm for the tables before it was lost, and those behind it were never looked at."""
    looker.failing = {"s.b": MemoryError()}
    with pytest.raises(ExceptionGroup, match="loads of 1 tables failed"):
        looker.run()
    assert looker.told == looker.tables() == ["s.a", "s.c"]
    assert "s.b" in caplog.text
    assert not looker.look.is_due()
    looker.failing, looker.now = {}, looker.now + LOOK_EVERY
    assert (looker.run(), looker.told) == (1, ["s.a", "s.c", "s.b"])


def test_new_load_is_told_before_the_next_table_and_a_table_that_kills_the_run_is_passed_over(looker: Looker) -> None:
    looker.failing = {"s.b": SystemExit("the time is over")}
    with pytest.raises(SystemExit):
        looker.run()
    assert (looker.told, looker.state.loads_after) == (["s.a"], "s.b")
    assert looker.run() == 1
    assert (looker.told, looker.state.loads_after) == (["s.a", "s.c"], "")


def test_every_run_notes_what_may_have_expired_so_that_a_longer_retention_changes_nothing_about_it(
    looker: Looker,
) -> None:
    looker.run()
    looker.loads = replace(looker.loads, landed_file_days=30)
    looker.now = NOW + timedelta(hours=1)
    looker.look = replace(looker.look, loads=looker.loads)
    assert not looker.look.is_due()
    looker.run()
    assert looker.state.expired_until == "2026-11-01T01:00:00Z"
    looker.look = replace(
        looker.look, loads=replace(looker.loads, landed_file_days=90, expired_until=looker.state.expired_until)
    )
    looker.run()
    assert looker.state.expired_until == "2026-11-01T01:00:00Z"

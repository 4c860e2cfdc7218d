"""Freshness of each table against its cadence, and cadences that do not start; judged hour by hour, told once."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from odp.commands import Commands
from odp.configuration import Configuration
from odp.file_manager.sweep_states import SweepStates
from odp.messenger import Messenger
from odp.records import PendingWork, TableLease
from odp.refresh import RefreshStatus
from odp.state_changes import Told

from tests.unit.odp.samples import batch_config, table_config

START = datetime(2026, 1, 5, tzinfo=UTC)
HOURLY = table_config(source_table_name="s.hourly", raw_table_name="hourly", refresh_cadence="1_hour_refresh")
DAILY = table_config(source_table_name="s.daily", raw_table_name="daily", refresh_cadence="1_day_refresh")
PAUSED = table_config(source_table_name="s.paused", raw_table_name="paused", is_active=False)


@dataclass
class People:
    """What people know and get."""

    told: dict[str, Told] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)
    now: datetime = START
    held_leases: dict[str, TableLease] = field(default_factory=dict)
    _claims: Any = field(default_factory=itertools.count)

    def claim(self, key: str, told: Told) -> str | None:
        return str(next(self._claims)) if self.told.get(key, Told()) == told else None

    def note(self, key: str, claim: str, told: Told) -> None:
        self.told[key] = told

    def give_back(self, key: str, claim: str, told: Told) -> None:
        raise NotImplementedError

    def known(self) -> Mapping[str, Told]:
        return dict(self.told)

    def publish(self, subject: str, text: str) -> None:
        self.mails.append(f"{subject}\n{text}")

    def judge(self) -> SweepStates:
        return SweepStates(self.known(), Commands("dev"), self.now)

    def tell(self, states: Any) -> list[str]:
        """Tell, and give the subjects of new mails."""
        before = len(self.mails)
        Messenger(self, self, "odp-dev", self.now.timestamp).tell(states, self.known())
        return [mail.partition("\n")[0] for mail in self.mails[before:]]

    def look(self, *tables: Any, landed: datetime | None) -> list[str]:
        """Judge how fresh tables are whose oldest file landed then."""
        configured = {table.source_table_name: table for table in tables}
        oldest = {name: landed.isoformat() for name in configured} if landed else {}
        pending = {name: PendingWork(name, 3, 1000) for name in oldest}
        return self.tell(self.judge().late(configured, pending, oldest, self))

    def leases(self, qualified_names: Iterable[str]) -> Mapping[str, TableLease]:
        """Give the leases of the tables that a refresh has touched."""
        return {name: self.held_leases[name] for name in qualified_names if name in self.held_leases}


@pytest.mark.parametrize(("table", "hours"), [(HOURLY, 3), (DAILY, 72)])
def test_table_is_late_after_three_of_its_own_cadences_and_told_once_and_when_it_is_up_to_date(
    table: Any, hours: int
) -> None:
    people, told = People(), []
    for _ in range(hours + 50):
        people.now += timedelta(hours=1)
        told.append(people.look(table, landed=START))
    name = table.source_table_name
    assert [number for number, mails in enumerate(told, start=1) if mails] == [hours + 1]
    assert told[hours] == [f"odp-dev: {name} is late"]
    assert f"odp status {name} --env dev" in people.mails[0]
    assert "Waiting: 3 files, 1,000 bytes" in people.mails[0]
    assert people.look(table, landed=None) == [f"odp-dev: {name} is up to date again"]
    assert people.look(table, landed=None) == []


def test_two_tables_that_are_late_are_told_by_two_mails_and_a_paused_one_is_not() -> None:
    people = People(now=START + timedelta(days=9))
    assert people.look(HOURLY, DAILY, PAUSED, landed=START) == [
        "odp-dev: s.hourly is late",
        "odp-dev: s.daily is late",
    ]


NOW = START + timedelta(days=9)
KNOWN_TO_FAIL = Told(frozenset({"RejectedInputError-1"}), version=1)
FAILED = TableLease(refresh_status=RefreshStatus.ERROR, ended_at=(NOW - timedelta(hours=2)).isoformat(), error="E: no")
LONG_AGO = replace(FAILED, ended_at=(NOW - timedelta(hours=4)).isoformat())
REFUSED = replace(LONG_AGO, refused_registrations=0, refused_configuration=HOURLY.digest)
"""Of all files that the table has."""


def people_who_know_that_it_fails(lease: TableLease) -> People:
    people = People(now=NOW, held_leases={HOURLY.qualified_name: lease})
    people.told[f"refresh/{HOURLY.qualified_name}"] = KNOWN_TO_FAIL
    return people


@pytest.mark.parametrize(
    "lease",
    [
        FAILED,
        REFUSED,
        pytest.param(replace(FAILED, refresh_status=RefreshStatus.UPDATING, is_leased=True), id="tried again just now"),
        pytest.param(replace(FAILED, refresh_status=RefreshStatus.UPDATING, was_cut_off=True), id="cut off once"),
    ],
)
def test_table_that_fails_at_its_cadences_or_waits_for_a_person_is_not_called_late_too(lease: TableLease) -> None:
    assert people_who_know_that_it_fails(lease).look(HOURLY, landed=START) == []


@pytest.mark.parametrize(
    "lease",
    [
        pytest.param(LONG_AGO, id="no run has begun since it failed"),
        pytest.param(replace(LONG_AGO, refresh_status="", ended_at=""), id="its item is gone"),
        pytest.param(replace(LONG_AGO, refresh_status=RefreshStatus.UPDATING, was_cut_off=True), id="cut off since"),
        pytest.param(replace(FAILED, refresh_status=RefreshStatus.COMPLETED, error=""), id="well in between"),
        pytest.param(
            replace(LONG_AGO, refresh_status=RefreshStatus.UPDATING, is_leased=True), id="under way for hours"
        ),
        pytest.param(replace(REFUSED, refused_registrations=5), id="a file came since, and no run has begun"),
        pytest.param(replace(REFUSED, refused_configuration="other"), id="mended since, and no run has begun"),
        pytest.param(
            replace(REFUSED, refresh_status=RefreshStatus.UPDATING, was_cut_off=True), id="refused, then cut off"
        ),
    ],
)
def test_table_that_failed_once_and_whose_later_runs_come_to_no_end_is_late(lease: TableLease) -> None:
    """People knew of a failure that is long past, and heard nothing more while each run was killed."""
    people = people_who_know_that_it_fails(lease)
    assert people.look(HOURLY, landed=START) == ["odp-dev: s.hourly is late"]
    assert people.look(HOURLY, landed=START) == []
    people.held_leases[HOURLY.qualified_name] = replace(FAILED, ended_at=NOW.isoformat())
    assert people.look(HOURLY, landed=START) == [], "it fails again: people know, and it is not up to date"
    del people.told[f"refresh/{HOURLY.qualified_name}"]
    assert people.look(HOURLY, landed=None) == ["odp-dev: s.hourly is up to date again"]


def test_leases_are_read_only_of_late_tables_that_people_know_to_fail() -> None:
    class Unread(People):
        def leases(self, qualified_names: Iterable[str]) -> Mapping[str, TableLease]:
            raise AssertionError

    people = Unread(now=NOW)
    people.told[f"refresh/{DAILY.qualified_name}"] = KNOWN_TO_FAIL
    assert people.look(HOURLY, DAILY, landed=NOW - timedelta(hours=4)) == ["odp-dev: s.hourly is late"]


@pytest.mark.parametrize(
    ("cadence", "minutes"), [("10_min_refresh", 30), ("1_hour_refresh", 180), ("1_day_refresh", 26 * 60)]
)
def test_cadence_that_does_not_start_is_told_once_before_three_days_pass_and_when_it_starts(
    cadence: str, minutes: int
) -> None:
    people = People()
    planned = {cadence: START.isoformat()}

    def look() -> list[str]:
        return people.tell(people.judge().silent([cadence, "7_day_refresh"], planned, "odpf_{}".format))

    people.now = START + timedelta(minutes=minutes)
    assert look() == []
    people.now += timedelta(minutes=1)
    assert look() == [f"odp-dev: {cadence} does not start"]
    assert f"aws scheduler get-schedule --name odpf_{cadence}" in people.mails[0]
    people.now += timedelta(days=1)
    assert look() == []
    planned[cadence] = people.now.isoformat()
    assert look() == [f"odp-dev: {cadence} starts again"]


def test_of_a_cadence_that_was_removed_nobody_hears_that_it_starts_again() -> None:
    people = People(now=START + timedelta(days=1))
    assert people.tell(people.judge().silent(["10_min_refresh"], {"10_min_refresh": START.isoformat()}, str))
    assert people.tell(people.judge().silent([], {}, str)) == []


def test_what_no_manifest_names_any_more_is_forgotten_and_told_anew_if_it_comes_again() -> None:
    people = People()
    known = Told(frozenset({"x"}), version=2)
    of_tables = [f"{aspect}/{table.qualified_name}" for aspect in ("refresh", "held") for table in (HOURLY, DAILY)]
    late = [f"late/{table.source_table_name}" for table in (HOURLY, DAILY)]
    cadences = [
        f"{aspect}/{each}" for aspect in ("plan", "runs", "start") for each in ("1_hour_refresh", "1_day_refresh")
    ]
    people.told = dict.fromkeys([*of_tables, *late, *cadences], known)
    configured = Configuration(batches={"1_day_refresh": batch_config()}, tables={DAILY.source_table_name: DAILY})
    assert people.tell(people.judge().unconfigured_anymore(configured)) == []
    assert sorted(key for key, told in people.told.items() if told.problems) == sorted(
        [
            f"refresh/{DAILY.qualified_name}",
            f"held/{DAILY.qualified_name}",
            f"late/{DAILY.source_table_name}",
            *(f"{aspect}/1_day_refresh" for aspect in ("plan", "runs", "start")),
        ]
    )

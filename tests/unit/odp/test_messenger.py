"""Code review C10: one message for each change of a table's state, whatever varies in the texts; 144 cadences a day."""

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain

import pytest
from odp.commands import Commands
from odp.file_processor.refresh_states import RefreshStates
from odp.messenger import Messenger
from odp.records import KeptEntry, PendingWork, QuarantineKind, RawTableConfig, TableLease
from odp.state_changes import Told

from tests.unit.odp.samples import table_config

NO_COLUMN = "RejectedInputError: s3://staging/s/t/20260101-%09d.parquet has no column PK_ID (it has ROW_ID)"
OUT_OF_MEMORY = (
    "Py4JJavaError: An error occurred while calling o%d.save. Job aborted due to stage failure: Task %d in stage "
    "17.0 failed 4 times, most recent failure: Lost task 3.3 (TID %d) (172.31.4.%d executor 2): OutOfMemoryError"
)
THROTTLED = "ClientError: An error occurred (SlowDown) when calling PutObject (RequestId: %s, at 2026-01-05T10:%d:00Z)"
_NUMBERS = random.Random(20)  # noqa: S311 - test data
IN_ANY_ORDER = "SchemaChangeRefusedError: %s"


def varied(error: str) -> str:
    """The same problem with other numbers, ids and order."""
    if error is IN_ANY_ORDER:
        parts = [f"FARE was bigint and is text in a{_NUMBERS.randrange(99)}.parquet", "TIP was date and is bigint"]
        return error % "; ".join(_NUMBERS.sample(parts, 2))
    kinds = re.findall(r"%0?9?([ds])", error)
    return error % tuple(_NUMBERS.randrange(1, 200) if kind == "d" else _request_id() for kind in kinds)


def _request_id() -> str:
    return "".join(_NUMBERS.choices("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", k=16))


@dataclass
class Lake:
    """A cadence's tables by the errors of their last refreshes, and the mails that people get; kept in memory."""

    errors: dict[str, str]
    mails: list[tuple[str, str]] = field(default_factory=list)
    told: dict[str, Told] = field(default_factory=dict)
    now: float = 1_800_000_000

    # the states that are judged
    def tables(self) -> Sequence[RawTableConfig]:
        return [table_config(source_table_name=f"s.{name}", raw_table_name=name) for name in self.errors]

    def pending_work(self) -> Mapping[str, PendingWork]:
        return {f"s.{name}": PendingWork(f"s.{name}", 1, 10) for name, error in self.errors.items() if error}

    def leases(self, qualified_names: Iterable[str]) -> Mapping[str, TableLease]:
        self.read = list(qualified_names)
        at = datetime.fromtimestamp(self.now, UTC).isoformat()
        return {name: self._lease(self.errors[name.removeprefix("db.")], at) for name in self.read}

    def _lease(self, error: str, at: str) -> TableLease:
        return TableLease(refresh_status="refresh_error" if error else "completed", error=error, ended_at=at)

    def of_tables(self, kind: QuarantineKind) -> Sequence[KeptEntry]:
        return []

    # what people know
    def claim(self, key: str, told: Told) -> str | None:
        return "me" if self.told.get(key, Told()) == told else None

    def note(self, key: str, claim: str, told: Told) -> None:
        self.told[key] = told

    def give_back(self, key: str, claim: str, told: Told) -> None:
        raise NotImplementedError

    def known(self) -> Mapping[str, Told]:
        return dict(self.told)

    def publish(self, subject: str, text: str) -> None:
        self.mails.append((subject, text))

    def cadence_passes(self, **errors: str) -> list[str]:
        """Let ten minutes pass and these tables end so; gives the subjects of new mails."""
        self.errors |= errors
        known, before = self.known(), len(self.mails)
        states = RefreshStates(self, self, self, Commands("dev")).refreshes(self.tables(), known)
        Messenger(self, self, "odp-dev", lambda: self.now).tell(states, known)
        self.now += 600
        return sorted(subject for subject, _ in self.mails[before:])


OTHER = "odp-dev: db.t failed, for another reason than before"


@pytest.mark.parametrize("error", [NO_COLUMN, OUT_OF_MEMORY, THROTTLED, IN_ANY_ORDER])
def test_table_that_fails_at_200_cadences_is_told_once_and_its_recovery_once(error: str) -> None:
    lake = Lake({"t": ""})
    told = [lake.cadence_passes(t=varied(error)) for _ in range(200)]
    assert list(chain(*told)) == ["odp-dev: db.t failed"]
    assert [lake.cadence_passes(t="") for _ in range(3)] == [["odp-dev: db.t is refreshed again"], [], []]


def test_two_tables_that_fail_at_once_are_told_by_two_mails_and_a_third_later_is_not_hidden() -> None:
    lake = Lake({"t": "", "u": "", "v": ""})
    two = ["odp-dev: db.t failed", "odp-dev: db.u failed"]
    assert lake.cadence_passes(t=NO_COLUMN % 1, u=NO_COLUMN % 2) == two
    assert [lake.cadence_passes() for _ in range(100)] == [[]] * 100
    assert lake.cadence_passes(v=NO_COLUMN % 3) == ["odp-dev: db.v failed"]
    assert lake.cadence_passes(u="") == ["odp-dev: db.u is refreshed again"]


def test_table_that_fails_otherwise_is_told_again_by_class_and_by_problem() -> None:
    lake, told = Lake({"t": ""}), []
    for error in (NO_COLUMN, NO_COLUMN, "RejectedInputError: a row has no value in its key", OUT_OF_MEMORY):
        told += [lake.cadence_passes(t=varied(error)), lake.cadence_passes(t=varied(error))]
    assert told == [["odp-dev: db.t failed"], [], [], [], [OTHER], [], [OTHER], []]


@pytest.mark.parametrize("other", ["", "ValueError: the moon is full"], ids=["comes and goes", "two errors in turn"])
def test_table_whose_state_changes_at_each_cadence_sends_six_mails_a_day_and_says_so(other: str) -> None:
    lake = Lake({"t": ""})
    for number in range(144):
        lake.cadence_passes(t=NO_COLUMN % 1 if number % 2 == 0 else other)
    assert ["This changes often" in text for _, text in lake.mails] == [False] * 5 + [True]
    lake.now += 86_400
    assert len(lake.cadence_passes(t="KeyError: new")) == 1


def test_many_tables_that_fail_together_are_named_all_in_few_mails_and_each_recovery_is_told() -> None:
    names = [f"t{number}" for number in range(3000)]
    lake = Lake(dict.fromkeys(names, ""))
    mails = lake.cadence_passes(**dict.fromkeys(names, THROTTLED % ("AB1", 2)))
    assert len(mails) == 15
    text = "\n".join(text for _, text in lake.mails)
    assert not [name for name in names if f"- db.{name} failed: Table: s.{name} to db.{name}," not in text]
    assert max(len(text.encode()) for _, text in lake.mails) < 262_144
    assert lake.cadence_passes() == []
    assert lake.cadence_passes(t7="") == ["odp-dev: db.t7 is refreshed again"]


def test_leases_of_tables_without_files_and_without_a_problem_are_never_read() -> None:
    lake = Lake(dict.fromkeys([f"t{number}" for number in range(3000)], ""))
    lake.cadence_passes(t5=NO_COLUMN % 1)
    assert lake.read == ["db.t5"]
    lake.cadence_passes(t5="")
    assert lake.read == ["db.t5"]
    lake.cadence_passes()
    assert lake.read == []

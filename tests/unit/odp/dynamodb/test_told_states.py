"""The ledger forgets what people were told when it no longer matters, and nobody is told anything twice."""

from typing import TYPE_CHECKING

import pytest
from odp.dynamodb.told_states import DynamoDbPlannedCadences, DynamoDbToldStates
from odp.state_changes import MOST_A_DAY, NOTHING_TOLD, Told

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

KEY = "refresh/db.t"
START = 1_800_000_000.0
DAY = 86_400


class Ledger(DynamoDbToldStates):
    """The ledger at a time that a test chooses."""

    now = START

    def __init__(self, dynamodb: "DynamoDBServiceResource") -> None:
        super().__init__(dynamodb, "files", clock=lambda: self.now)

    def tells(self, *problems: str) -> None:
        """Let people be told that these are the problems."""
        told = self.known().get(KEY, NOTHING_TOLD)
        claim = self.claim(KEY, told)
        assert claim
        self.note(KEY, claim, Told(frozenset(problems), "s", (*told.recent, int(self.now)), told.version))


@pytest.fixture
def ledger(dynamodb: "DynamoDBServiceResource") -> Ledger:
    return Ledger(dynamodb)


def test_what_is_well_is_forgotten_once_its_messages_count_no_more_and_a_problem_never(ledger: Ledger) -> None:
    """Each table that ever failed had an item for ever, and each plan reads all of them."""
    ledger.tells("E-1")
    ledger.now += 100 * DAY
    ledger.forget(ledger.known())
    assert ledger.known()[KEY].problems == {"E-1"}, "people would be told again"
    ledger.tells()
    ledger.forget(ledger.known())
    assert len(ledger.known()[KEY].recent) == 2 < MOST_A_DAY, "six a day are counted by it"
    ledger.now += DAY + 1
    ledger.forget(ledger.known())
    assert ledger.known() == {}
    ledger.tells("E-1")
    assert ledger.known()[KEY].problems == {"E-1"}


def test_much_that_an_earlier_release_left_is_forgotten_in_several_days(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep leaves it a minute or so: what many years of a large lake left would outlast the function."""
    asked: list[str] = []
    monkeypatch.setattr(ledger, "_delete", lambda key, _: asked.append(key))
    known = {f"refresh/db.t{number}": Told(version=4) for number in range(10_000)}
    open_ones = {f"late/s.t{number}": Told(frozenset({"late"}), version=2) for number in range(3_000)}
    ledger.forget({**open_ones, **known})
    assert asked == [*known][: len(asked)]
    assert 1_000 <= len(asked) <= 2_000


def test_message_that_is_being_sent_or_may_not_have_arrived_is_not_forgotten(ledger: Ledger) -> None:
    assert ledger.claim(KEY, NOTHING_TOLD)
    for later in (0, DAY + 1):
        ledger.now += later
        ledger.forget(ledger.known())
        assert KEY in ledger.known()


def test_what_was_told_since_the_ledger_were_read_is_not_forgotten(ledger: Ledger) -> None:
    ledger.tells()
    ledger.now += DAY + 1
    as_read = ledger.known()
    ledger.tells("E-1")
    ledger.forget(as_read)
    assert ledger.known()[KEY].problems == {"E-1"}


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_who_read_the_ledger_before_it_forgot_does_not_tell_what_another_has_told_since(
    ledger: Ledger, is_forgotten: bool
) -> None:
    ledger.tells()
    ledger.now += DAY + 1
    as_read = ledger.known()
    if is_forgotten:
        ledger.forget(as_read)
    ledger.tells("E-1")
    assert is_forgotten == (ledger.known()[KEY].version == as_read[KEY].version), "versions begin again"
    assert ledger.claim(KEY, as_read[KEY]) is None


def test_cadence_that_is_forgotten_was_never_planned(dynamodb: "DynamoDBServiceResource") -> None:
    cadences = DynamoDbPlannedCadences(dynamodb, "files", clock=lambda: START)
    for name in ("10_min_refresh", "1_hour_refresh"):
        cadences.planned(name)
    cadences.forget("10_min_refresh")
    assert list(cadences.last_planned()) == ["1_hour_refresh"]

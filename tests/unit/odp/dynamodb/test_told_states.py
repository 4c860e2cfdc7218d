"""What people were told has an end in the books: once it says nothing more, and without telling anything twice."""

from typing import TYPE_CHECKING

import pytest
from odp.dynamodb.told_states import DynamoDbPlannedCadences, DynamoDbToldStates
from odp.state_changes import MOST_A_DAY, NOTHING_TOLD, Told

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

KEY = "refresh/db.t"
START = 1_800_000_000.0
DAY = 86_400


class Books(DynamoDbToldStates):
    """The books at a time that a test chooses."""

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
def books(dynamodb: "DynamoDBServiceResource") -> Books:
    return Books(dynamodb)


def test_what_is_well_is_forgotten_once_its_messages_count_no_more_and_a_problem_never(books: Books) -> None:
    """Each table that ever failed had an item for ever, and each plan reads all of them."""
    books.tells("E-1")
    books.now += 100 * DAY
    books.forget(books.known())
    assert books.known()[KEY].problems == {"E-1"}, "people would be told again"
    books.tells()
    books.forget(books.known())
    assert len(books.known()[KEY].recent) == 2 < MOST_A_DAY, "six a day are counted by it"
    books.now += DAY + 1
    books.forget(books.known())
    assert books.known() == {}
    books.tells("E-1")
    assert books.known()[KEY].problems == {"E-1"}


def test_much_that_an_earlier_release_left_is_forgotten_in_several_days(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep leaves it a minute or so: what many years of a large lake left would outlast the function."""
    asked: list[str] = []
    monkeypatch.setattr(books, "_delete", lambda key, _: asked.append(key))
    known = {f"refresh/db.t{number}": Told(version=4) for number in range(10_000)}
    open_ones = {f"late/s.t{number}": Told(frozenset({"late"}), version=2) for number in range(3_000)}
    books.forget({**open_ones, **known})
    assert asked == [*known][: len(asked)]
    assert 1_000 <= len(asked) <= 2_000


def test_message_that_is_being_sent_or_may_not_have_arrived_is_not_forgotten(books: Books) -> None:
    assert books.claim(KEY, NOTHING_TOLD)
    for later in (0, DAY + 1):
        books.now += later
        books.forget(books.known())
        assert KEY in books.known()


def test_what_was_told_since_the_books_were_read_is_not_forgotten(books: Books) -> None:
    books.tells()
    books.now += DAY + 1
    as_read = books.known()
    books.tells("E-1")
    books.forget(as_read)
    assert books.known()[KEY].problems == {"E-1"}


@pytest.mark.parametrize("is_forgotten", [False, True])
def test_who_read_the_books_before_they_forgot_does_not_tell_what_another_has_told_since(
    books: Books, is_forgotten: bool
) -> None:
    books.tells()
    books.now += DAY + 1
    as_read = books.known()
    if is_forgotten:
        books.forget(as_read)
    books.tells("E-1")
    assert is_forgotten == (books.known()[KEY].version == as_read[KEY].version), "versions begin again"
    assert books.claim(KEY, as_read[KEY]) is None


def test_cadence_that_is_forgotten_was_never_planned(dynamodb: "DynamoDBServiceResource") -> None:
    cadences = DynamoDbPlannedCadences(dynamodb, "files", clock=lambda: START)
    for name in ("10_min_refresh", "1_hour_refresh"):
        cadences.planned(name)
    cadences.forget("10_min_refresh")
    assert list(cadences.last_planned()) == ["1_hour_refresh"]

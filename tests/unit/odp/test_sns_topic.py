"""What SNS takes: a subject of 100 printable characters of ASCII, a text of 256 KiB; hostile names pass, too."""

from typing import Any

import pytest
from odp.sns_topic import SnsTopic

HOSTILE = "evil\nBcc: all\x00\x1b[31m\udcffü"


class Sns:
    """Keeps what is published, and checks it as SNS does."""

    def publish(self, *, TopicArn: str, Subject: str, Message: str) -> None:  # noqa: N803 - as boto3 names them
        assert len(Subject) <= 100
        assert all(" " <= letter <= "~" for letter in Subject)
        assert len(Message.encode()) + len(Subject) <= 262_144
        assert not [letter for letter in Message if letter < " " and letter not in "\n\t"]
        self.subject, self.text = Subject, Message


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Sns()
    monkeypatch.setattr(SnsTopic, "_sns", made)
    return made


def test_subject_of_a_long_name_still_says_what_happened(sns: Sns) -> None:
    name = f"database_of_a_team.{'long_' * 40}name"
    for end in ("failed", "is refreshed again", "failed, for another reason than before"):
        SnsTopic("arn").publish(f"odp-prod: {name} {end}", "text")
        assert sns.subject.startswith("odp-prod: database_of_a_team.")
        assert sns.subject.endswith(f"name {end}")


@pytest.mark.parametrize("text", [HOSTILE, "ü" * 300_000], ids=["hostile", "long"])
def test_whatever_others_chose_is_sent(sns: Sns, text: str) -> None:
    SnsTopic("arn").publish(f"odp-prod: {text}", text)
    assert sns.subject.startswith("odp-prod: ")

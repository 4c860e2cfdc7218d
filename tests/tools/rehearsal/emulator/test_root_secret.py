"""Whoever knows every name in a lake, but not the secret of its run, knows no credentials of it."""

import pytest

from rehearsal.emulator import roles
from rehearsal.emulator.account_root import derived_secret, new_root_secret, use_root_secret

ROLE = "arn:aws:iam::222222222222:role/odp-dev-etl-Odp-Jobs"
PARTS = ("access_key_id", "secret_access_key", "session_token")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secret is kept in the environment of the emulator's process."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the test before")


def credentials(root_secret: str, service: str = "glue.amazonaws.com") -> list[str]:
    use_root_secret(root_secret)
    session = roles._session(ROLE, service, "GlueJobRunnerSession")
    return [getattr(session, part) for part in PARTS]


def test_the_same_names_give_other_credentials_in_each_run() -> None:
    """A formula of names alone, whichever it is, gives the same in every run: anybody can work it out."""
    first, second = credentials(new_root_secret()), credentials(new_root_secret())
    assert [part for part, one, other in zip(PARTS, first, second, strict=True) if one == other] == []


def test_within_a_run_they_stay_and_each_service_has_its_own() -> None:
    secret = new_root_secret()
    assert credentials(secret) == credentials(secret)
    assert not {*credentials(secret)} & {*credentials(secret, "lambda.amazonaws.com")}


def test_parts_of_a_purpose_cannot_be_moved_into_each_other() -> None:
    use_root_secret(new_root_secret())
    assert derived_secret("secret", "ab", "c") != derived_secret("secret", "a", "bc")

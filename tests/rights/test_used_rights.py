"""Least privilege by observation: what a role may, an embedded tier was seen to need, or a reason says why not.

`make test-rights` runs the tiers, whose emulators write down each call of a role, and then these tests.
"""

from __future__ import annotations

import pytest

from tests.rights.granted import Call, Record, Right, rights
from tests.rights.never_called import COMPARED, NEVER_CALLED, STOPPED

TIERS = {"embedded-lake", "embedded-config_manager"}
"""What runs the functions, jobs and workflows of a deployed lake."""


@pytest.fixture(scope="module")
def record() -> Record:
    record = Record()
    missing = TIERS - record.tiers
    assert not missing, f"{', '.join(sorted(missing))} left no record: run make test-rights"
    return record


@pytest.fixture(scope="module")
def unused(record: Record) -> list[Right]:
    return [right for right in rights() if not any(call.uses(right) for call in record.calls)]


def test_every_right_is_used_or_has_a_reason(unused: list[Right]) -> None:
    assert [right for right in unused if not any(reason.covers(right) for reason in NEVER_CALLED)] == []


def test_no_reason_is_superfluous(unused: list[Right]) -> None:
    """Whether an event comes twice, or a run is stopped, differs from run to run."""
    lasting = [reason for reason in NEVER_CALLED if reason.because not in (COMPARED, STOPPED)]
    assert [reason for reason in lasting if not any(reason.covers(right) for right in unused)] == []


def test_every_role_of_the_lake_that_calls_anything_was_seen(record: Record) -> None:
    silent = {"SchedulesRole"}
    for role in {right.role for right in rights()}:
        if not any(name in role for name in silent):
            assert any(call.is_of(role) for call in record.calls), role


@pytest.mark.parametrize(
    ("call", "is_use"),
    [
        (("odp-dev-etl-Odp-JobsRole8A54-8B4F0AF0376EE", "s3:GetObject", "arn:aws:s3:::raw/odpf_a/b"), True),
        (("odp-test-etl-Odp-JobsRole8A54-8B4F0AF0376EE", "s3:GetObject", "arn:aws:s3:::raw/odpf_a/b"), True),
        (("odp-dev-etl-Odp-JobsRole8A54-8B4F0AF0376EE", "s3:GetObject", "arn:aws:s3:::raw/other"), False),
        (("odp-dev-etl-Odp-JobsRole8A54-8B4F0AF0376EE", "s3:PutObject", "arn:aws:s3:::raw/odpf_a/b"), False),
        (("odp-dev-etl-Odp-HandlerRole8-8B4F0AF0376EE", "s3:GetObject", "arn:aws:s3:::raw/odpf_a/b"), False),
    ],
)
def test_a_call_uses_the_right_that_its_role_needs_for_it(call: tuple[str, str, str], is_use: bool) -> None:
    right = Right("odp-dev-etl-Odp-JobsRole8A54", "s3:GetObject", "arn:aws:s3:::*/odpf_*")
    assert Call(*call).uses(right) is is_use

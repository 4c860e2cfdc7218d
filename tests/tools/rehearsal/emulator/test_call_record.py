"""What roles call is written down for whoever starts the emulator with a folder for it."""

import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.emulator import iam
from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.settings import EmulatorSettings

ROLE = "arn:aws:sts::222222222222:assumed-role/worker/session"
USER = "arn:aws:iam::222222222222:user/person"


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """IAM's judgement as the emulator gives it, which allows reading."""
    replaced: dict[str, Any] = {}
    monkeypatch.setattr(patches.Seam, "wrap", lambda self, around: replaced.update({self.name: around}))
    iam.record_calls(str(tmp_path / "calls"))

    def evaluate(context: Any, *_policies: Any) -> Any:
        return SimpleNamespace(decision="Allow" if context.action == "s3:GetObject" else "ImplicitDeny")

    return partial(replaced["evaluate"], evaluate)


def call(principal: str, action: str, resource: str = "arn:aws:s3:::bucket/key") -> Any:
    return SimpleNamespace(principal_arn=principal, action=action, resource_arn=resource)


def lines(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for file in (folder / "calls").glob("*.jsonl") for line in file.read_text().splitlines()]


def test_what_a_role_was_allowed_is_written_down_once(judged: Any, tmp_path: Path) -> None:
    for context in (
        call(ROLE, "s3:GetObject"),
        call(ROLE, "s3:GetObject"),
        call(ROLE, "s3:GetObject", "arn:aws:s3:::b"),
    ):
        assert judged(context, []).decision == "Allow"
    known = {"role": "worker", "action": "s3:GetObject"}
    assert lines(tmp_path) == [
        {**known, "resource": "arn:aws:s3:::bucket/key"},
        {**known, "resource": "arn:aws:s3:::b"},
    ]


def test_what_is_refused_and_what_people_do_is_not(judged: Any, tmp_path: Path) -> None:
    assert judged(call(ROLE, "s3:PutObject"), []).decision == "ImplicitDeny"
    assert judged(call(USER, "s3:GetObject"), []).decision == "Allow"
    assert lines(tmp_path) == []


def test_without_a_folder_nothing_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patches.Seam, "wrap", lambda *_: pytest.fail("nobody asked for a record"))
    iam.record_calls("")


def test_the_folder_reaches_the_emulator_by_a_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REHEARSAL_CALLS", "somewhere")
    settings = EmulatorSettings(run_directory=tmp_path)
    assert EmulatorSettings.from_json(settings.to_json()).calls == str(Path("somewhere").resolve())

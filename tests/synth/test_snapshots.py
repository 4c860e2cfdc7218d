"""The templates of the dev environment, and of prod what differs, as they were reviewed.

UPDATE_SNAPSHOTS=1 accepts what they are now.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template

SNAPSHOTS = Path(__file__).parent / "snapshots"
STACKS = (
    "infra-Network",
    "infra-Pipeline",
    "infra-Secrets",
    "infra-Storage",
    "etl-Odp",
    "etl-Pipeline",
    "etl-Tables",
    "etl-Taxi",
)
PROTECTED = (
    "infra-Backup",
    "infra-Network",
    "infra-Pipeline",
    "infra-Storage",
    "etl-Odp",
    "etl-Tables",
    "etl-Taxi",
)
"""What prod has more of than others: an approval, denials of deletion, retention, backups, a private network."""
ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")
PROGRAM = re.compile(r"QlpoO[\w+/=]{1000,}")
"""What builds run of deployment_account/release_check, packed."""


def masked(body: dict[str, Any]) -> str:
    """A template that changes with the infrastructure but not with the code that it deploys."""
    hidden = json.loads(PROGRAM.sub("<program>", ASSET_HASH.sub("<asset>", json.dumps(body))))
    return json.dumps(in_one_order(hidden), indent=1, sort_keys=True) + "\n"


def in_one_order(part: Any) -> Any:
    """CDK sorts the resources of a statement by their text, hashes included, which say nothing about the order."""
    match part:
        case dict():
            return {
                name: sorted(map(in_one_order, value), key=json.dumps)
                if name == "Resource" and isinstance(value, list)
                else in_one_order(value)
                for name, value in part.items()
            }
        case list():
            return [in_one_order(item) for item in part]
        case _:
            return part


def assert_reviewed(template: Template, path: Path) -> None:
    now = masked(template.body)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(now)
    assert now == path.read_text(), "review the difference, then run the test with UPDATE_SNAPSHOTS=1"


@pytest.mark.parametrize("stack", STACKS)
def test_the_template_is_the_reviewed_one(synthesis: Synthesis, stack: str) -> None:
    assert_reviewed(synthesis.templates[f"odp-dev-{stack}"], SNAPSHOTS / f"{stack}.json")


@pytest.mark.parametrize("stack", PROTECTED)
def test_the_template_of_the_protected_environment_is_the_reviewed_one(synthesis: Synthesis, stack: str) -> None:
    assert_reviewed(synthesis.templates[f"odp-prod-{stack}"], SNAPSHOTS / "prod" / f"{stack}.json")


def test_other_code_is_no_other_template() -> None:
    def statement(*hashes: str) -> dict[str, Any]:
        resources = sorted(f"{hash_ * 64}.{type_}" for hash_, type_ in zip(hashes, ("zip", "py"), strict=True))
        return {"Action": ["s3:GetObject"], "Resource": resources}

    assert statement("a", "b") != statement("b", "a")
    assert masked(statement("a", "b")) == masked(statement("b", "a"))


def test_every_stack_of_the_environment_has_a_snapshot(synthesis: Synthesis) -> None:
    assert {name for name in synthesis.templates if name.startswith("odp-dev-")} == {f"odp-dev-{s}" for s in STACKS}

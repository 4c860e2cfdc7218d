"""The templates of the dev environment as they were reviewed; UPDATE_SNAPSHOTS=1 accepts what they are now."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.synth.conftest import Synthesis

SNAPSHOTS = Path(__file__).parent / "snapshots"
STACKS = ("infra-Network", "infra-Storage", "etl-Tables", "etl-Odp")
ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")


def masked(body: dict[str, Any]) -> str:
    """A template that changes with the infrastructure but not with the code that it deploys."""
    return ASSET_HASH.sub("<asset>", json.dumps(body, indent=1, sort_keys=True)) + "\n"


@pytest.mark.parametrize("stack", STACKS)
def test_the_template_is_the_reviewed_one(synthesis: Synthesis, stack: str) -> None:
    path = SNAPSHOTS / f"{stack}.json"
    now = masked(synthesis.templates[f"odp-dev-{stack}"].body)
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(now)
    assert now == path.read_text(), "review the difference, then run the test with UPDATE_SNAPSHOTS=1"


def test_every_stack_of_the_environment_has_a_snapshot(synthesis: Synthesis) -> None:
    assert {name for name in synthesis.templates if name.startswith("odp-dev-")} == {f"odp-dev-{s}" for s in STACKS}

"""The configuration that tests know by heart, and the one that is deployed, which they must not depend on."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
KNOWN = PROJECT / "tests" / "environments.json"
"""Accounts, branches and sizes that are never deployed; what tests and snapshots say follows from them."""
DEPLOYED = PROJECT / "config" / "environments.json"
KNOWN_MANIFESTS = PROJECT / "tests" / "table_configs"
DEPLOYED_MANIFESTS = PROJECT / "etl-repo" / "table_configs"


class Guard:
    """Refuses to open the deployed configuration and its manifests but where that is allowed.

    The pipeline runs these tests before it deploys: one that fails on other accounts or tables stops every deployment.
    """

    def __init__(self) -> None:
        self.is_allowed = False
        sys.addaudithook(self._judge)

    def _judge(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and not self.is_allowed and _is_deployed(arguments[0]):
            raise AssertionError(
                f"{arguments[0]} says something else in every deployed lake: use {KNOWN.relative_to(PROJECT)} and "
                f"{KNOWN_MANIFESTS.relative_to(PROJECT)}, or the fixture deployed_configuration where any valid "
                "configuration must pass"
            )


def _is_deployed(path: object) -> bool:
    """Compared by name first, because this runs for every file that Python opens."""
    text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else ""
    if not text.endswith(".json"):
        return False
    file = Path(text).resolve()
    return file == DEPLOYED or file.parent == DEPLOYED_MANIFESTS

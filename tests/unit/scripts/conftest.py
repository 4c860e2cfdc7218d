"""The scripts are tested with the environments of the tests; what a user configures is none of their business."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployment_account.environments import Platform, load_platform

PROJECT = Path(__file__).resolve().parents[3]
CONFIGURATION = PROJECT / "tests" / "environments.json"
OF_THE_USER = str(PROJECT / "config" / "environments.json")


class _Watch:
    """Refuses the user's file while one of these tests runs; Python never forgets an audit hook, so it is one."""

    is_on = False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.is_on and event == "open" and isinstance(arguments[0], str | os.PathLike):
            assert os.fspath(arguments[0]) != OF_THE_USER, "a test must not depend on config/environments.json"


_watch = _Watch()
sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    _watch.is_on = True
    yield
    _watch.is_on = False


@pytest.fixture(scope="session")
def platform() -> Platform:
    return load_platform(CONFIGURATION)

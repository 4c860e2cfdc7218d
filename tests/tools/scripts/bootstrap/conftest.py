"""A console that remembers, and clients that never leave the machine."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from scripts.bootstrap import cdk_cli, toolkit_template
from tests.tools.scripts.bootstrap.toolkit import bootstrap_template

ACCOUNT_VARIABLES = ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN")


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200, emoji=False)


def text_of(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture(autouse=True)
def offline_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ACCOUNT_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(autouse=True)
def installed_cdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The unit tests read command lines and run none, so they need no npm; tests of a missing CLI say so themselves."""
    monkeypatch.setattr(cdk_cli, "installed_version", cdk_cli.pinned_version)
    monkeypatch.setattr(toolkit_template, "_text", lambda: json.dumps(bootstrap_template()))

"""A message announces a version of the one object that holds requests, or it can never succeed."""

import json
from typing import Any

import pytest
from odp.config_manager import handler
from odp.config_manager.request import announced_request

from lake.landing.object_created import EventError
from tests.function_call import CallContext, metrics_in
from tests.unit.odp.config_manager.test_handler import VARIABLES

KEY = "odp/configuration/request.json"


def message(detail: object) -> dict[str, Any]:
    return {"messageId": "m1", "body": json.dumps({"detail": detail})}


def detail(bucket: str = "lake-config", key: str = KEY, version: object = "v1") -> dict[str, Any]:
    return {"bucket": {"name": bucket}, "object": {"key": key, "version-id": version}}


def test_the_version_of_the_request_is_announced() -> None:
    assert announced_request(message(detail()), "lake-config") == "v1"


MALFORMED = [
    {"messageId": "m1", "body": "no json"},
    {"messageId": "m1", "body": "[1]"},
    message("text"),
    message({"object": {"key": KEY, "version-id": "v1"}}),
    message({"bucket": {"name": "lake-config"}, "object": {"key": KEY}}),
    message(detail(bucket="someone-elses")),
    message(detail(key="another.json")),
    message(detail(version=7)),
    message(detail(version="")),
]


@pytest.mark.parametrize("malformed", MALFORMED)
def test_what_announces_none_is_refused_by_name(malformed: dict[str, Any]) -> None:
    with pytest.raises(EventError):
        announced_request(malformed, "lake-config")


@pytest.mark.parametrize("malformed", MALFORMED)
def test_it_is_logged_and_counted_and_does_not_come_again(
    malformed: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert handler.handle({"Records": [malformed]}, CallContext()) == {"batchItemFailures": []}
    output = capsys.readouterr().out
    assert [metric["MalformedRequests"] for metric in metrics_in(output)] == [1]
    assert "announces no configuration request" in output


def test_a_deployment_that_fails_comes_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails() -> None:
        raise PermissionError("no right to read")

    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(handler, "_manager", fails)
    answer = handler.handle({"Records": [message(detail())]}, CallContext())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert metrics_in(capsys.readouterr().out) == []

"""The threads of a job share its adapters: what these keep of boto3 is safe to share.

https://docs.aws.amazon.com/boto3/latest/guide/resources.html: resources are not, clients are.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from boto3.resources.base import ServiceResource
from odp.dynamodb.running_configuration import DynamoDbTableConfigs, RunningVersion
from odp.file_processor.planned_batch import RunEngine, refresher_of
from odp.file_processor.refresh_settings import RefreshSettings


def _kept(value: Any, seen: set[int]) -> Iterator[Any]:
    """Everything of ours that can be reached from an object, with what it keeps of boto3."""
    if id(value) in seen:
        return
    seen.add(id(value))
    yield value
    if type(value).__module__.startswith(("odp.", "tests.")):
        parts = (
            [getattr(value, each.name) for each in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
        )
        slots = [getattr(value, name, None) for name in getattr(type(value), "__slots__", ())]
        for part in (*parts, *slots, *getattr(value, "__dict__", {}).values()):
            yield from _kept(part, seen)
    elif isinstance(value, (list, tuple, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _kept(part, seen)
    elif inspect.ismethod(value):
        yield from _kept(value.__self__, seen)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    given: dict[str, Any] = {
        field.name: 1 if field.type == "int" else field.name for field in dataclasses.fields(RefreshSettings)
    }
    settings = RefreshSettings(**{**given, "buckets": "{}", "sources": '{"default": {"folder": ""}}'})
    dynamodb = boto3.resource("dynamodb")
    running = RunningVersion(dynamodb, "tracker")
    refresher = refresher_of(settings, dynamodb, RunEngine(object(), at_a_time=1), "run")  # type: ignore[arg-type]
    return [refresher, DynamoDbTableConfigs(dynamodb, "configs", running)]


def test_what_the_threads_of_a_job_share_keeps_no_resource(shared: Any) -> None:
    found = list(_kept(shared, set()))
    assert any(type(each).__name__ == "DynamoDB" and hasattr(each, "meta") for each in found), "clients were looked at"
    assert not [each for each in found if isinstance(each, ServiceResource)]

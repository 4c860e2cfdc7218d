"""Every request of a role is written down for whoever starts the emulator with a file for it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.emulator.request_record import RequestRecord, s3_kind
from rehearsal.emulator.settings import EmulatorSettings

SESSIONS = {"ASIAWORKER": {"Arn": "arn:aws:sts::222222222222:assumed-role/worker/a-function"}}


async def _answer(_scope: Any, receive: Any, send: Any) -> None:
    assert (await receive())["type"] == "http.request"
    await send({"type": "http.response.start", "status": 206, "headers": []})
    await send({"type": "http.response.body", "body": b"rows"})


def record(file: Path, *requests: dict[str, Any], body: bytes = b"") -> list[dict[str, Any]]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    served = RequestRecord(_answer, file)
    for request in requests:
        asyncio.run(served(request, receive, send))
    assert len(sent) == 2 * len(requests)
    return [json.loads(line) for line in file.read_text().splitlines()]


def request(key: str, method: str, path: str, **headers: str) -> dict[str, Any]:
    signed = {
        "authorization": f"AWS4-HMAC-SHA256 Credential={key}/20261130/us-east-1/s3/aws4_request, Signature=x",
        "host": "127.0.0.1",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    encoded = [(name.encode(), value.encode()) for name, value in signed.items()]
    return {"type": "http", "method": method, "path": path, "query_string": b"", "headers": encoded}


def test_each_request_of_a_role_has_a_line_and_those_of_people_have_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ministack.services.sts._sessions", SESSIONS)
    asked = request("ASIAWORKER", "GET", "/bucket/some/key")
    ledger = request("ASIAWORKER", "POST", "/", x_amz_target="DynamoDB_20120810.TransactWriteItems")
    lines = record(tmp_path / "new" / "requests.jsonl", asked, asked, ledger, request("222222222222", "GET", "/b/k"))
    assert [(line["session"], line["service"], line["operation"], line["status"]) for line in lines] == [
        ("a-function", "s3", "GET", 206),
        ("a-function", "s3", "GET", 206),
        ("a-function", "dynamodb", "TransactWriteItems", 206),
    ]
    assert all(line["at"] > 0 and line["seconds"] >= 0 for line in lines)


@pytest.mark.parametrize(
    ("operation", "asked", "items"),
    [
        ("Query", {"TableName": "files"}, 1),
        ("TransactWriteItems", {"TransactItems": [{"Put": {}}, {"Delete": {}}, {"Update": {}}]}, 3),
        ("BatchGetItem", {"RequestItems": {"files": {"Keys": [{}, {}]}, "leases": {"Keys": [{}]}}}, 3),
    ],
)
def test_ledger_requests_say_how_many_items_they_name(
    operation: str, asked: Any, items: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ministack.services.sts._sessions", SESSIONS)
    ledger = request("ASIAWORKER", "POST", "/", x_amz_target=f"DynamoDB_20120810.{operation}")
    (line,) = record(tmp_path / "requests.jsonl", ledger, body=json.dumps(asked).encode())
    assert line["items"] == items


@pytest.mark.parametrize(
    ("method", "path", "query", "kind"),
    [
        ("GET", "/bucket/key", {}, "GET"),
        ("HEAD", "/bucket/key", {}, "HEAD"),
        ("PUT", "/bucket/a/key", {"partNumber": ["1"]}, "PUT"),
        ("POST", "/bucket/key", {"uploads": [""]}, "POST"),
        ("GET", "/bucket", {"list-type": ["2"]}, "LIST"),
        ("GET", "/bucket/", {"list-type": ["2"]}, "LIST"),
        ("POST", "/bucket", {"delete": [""]}, "DELETE"),
        ("DELETE", "/bucket/key", {}, "DELETE"),
    ],
)
def test_requests_of_s3_are_named_as_its_price_list_does(
    method: str, path: str, query: dict[str, list[str]], kind: str
) -> None:
    assert s3_kind(method, path, query) == kind


def test_the_file_reaches_the_emulator_in_its_settings(tmp_path: Path) -> None:
    settings = EmulatorSettings(run_directory=tmp_path, requests=str(tmp_path / "requests.jsonl"))
    assert EmulatorSettings.from_json(settings.to_json()).requests == str(tmp_path / "requests.jsonl")
    assert EmulatorSettings(run_directory=tmp_path).requests == ""

"""Each client of the lake names itself in a word, and keeps the mark that an operator gave to its requests."""

import boto3
import pytest

from lake.aws_calls import aws_calls


def agent_of_a_request(monkeypatch: pytest.MonkeyPatch) -> str:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    client = boto3.Session().client("dynamodb", region_name="us-east-1", config=aws_calls())
    sent: list[str] = []

    def answer(request: object, **_: object) -> None:
        sent.append(request.headers["User-Agent"].decode())  # type: ignore[attr-defined]
        raise RuntimeError("not sent")

    client.meta.events.register("before-send.dynamodb", answer)
    with pytest.raises(RuntimeError, match="not sent"):
        client.list_tables()
    return sent[0].partition(" Botocore/")[0]


def test_request_names_the_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SDK_UA_APP_ID", raising=False)
    assert agent_of_a_request(monkeypatch) == "data-lake"


def test_request_keeps_the_mark_of_the_application(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "vpc-1.ab")
    assert agent_of_a_request(monkeypatch) == "data-lake app/vpc-1.ab"

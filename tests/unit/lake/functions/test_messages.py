"""Each message of a batch stands for itself: what fails is delivered again, alone, with its keys in the log."""

import pytest

from lake.functions import Message, delivered_again, entry_point, failed_messages
from lake.variables import Variables
from tests.function_call import CallContext, logs_in


def batch(*bodies: str) -> dict[str, list[dict[str, str]]]:
    return {"Records": [{"messageId": f"m{number}", "body": body} for number, body in enumerate(bodies)]}


@pytest.mark.parametrize(
    ("bad", "handled", "failed"),
    [
        ((), ["a", "b", "c"], []),
        (("b",), ["a", "c"], ["m1"]),
        (("a", "b", "c"), [], ["m0", "m1", "m2"]),
    ],
)
def test_only_what_failed_is_told_of(bad: tuple[str, ...], handled: list[str], failed: list[str]) -> None:
    found: list[str] = []

    def handle(message: Message) -> None:
        if message["body"] in bad:
            raise ValueError(message["body"])
        found.append(message["body"])

    assert failed_messages(batch("a", "b", "c"), handle) == failed
    assert found == handled


def test_a_message_that_failed_twice_is_named_once() -> None:
    assert delivered_again(["m1", "m2", "m1"]) == {
        "batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]
    }


def test_a_failure_is_logged_with_trace_and_with_the_message_as_correlation_id(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKE", "odp-dev")

    def refuse(message: Message) -> None:
        if message["body"] == "b":
            raise ValueError("no use")

    @entry_point("file-manager", Variables)
    def handle(event: dict[str, list[dict[str, str]]], context: object) -> list[str]:
        return failed_messages(event, refuse)

    assert handle(batch("a", "b"), CallContext()) == ["m1"]
    (line,) = logs_in(capsys.readouterr().out)
    assert (line["correlation_id"], line["exception_name"], line["level"]) == ("m1", "ValueError", "ERROR")

"""Each log line of a function is JSON with its service, call and subject."""

import json
import logging
from typing import Any

import pytest

from lake.functions import entry_point
from lake.log_keys import log_keys
from lake.variables import Variables, VariablesError
from tests.function_call import CallContext

Lines = list[dict[str, Any]]

CONTEXT = CallContext(aws_request_id="request-1", function_name="a-function")


@pytest.fixture(autouse=True)
def lake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE", "odp-dev")


def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_of_a_module_says_whose_and_of_which_call_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    @entry_point("file-manager", Variables)
    def handle(event: dict[str, str], context: object) -> str:
        logging.getLogger("odp.some.module").info("registered %s", event["file"])
        return "done"

    assert handle({"file": "f"}, CONTEXT) == "done"
    (line,) = lines(capsys)
    assert line["message"] == "registered f"
    assert (line["level"], line["service"], line["name"]) == ("INFO", "odp-dev/file-manager", "odp.some.module")
    assert (line["function_request_id"], line["function_name"]) == ("request-1", "a-function")


def test_a_line_has_the_keys_of_what_it_is_about_and_the_next_one_has_not(capsys: pytest.CaptureFixture[str]) -> None:
    @entry_point("file-manager", Variables)
    def handle(event: dict[str, str], context: object) -> None:
        logger = logging.getLogger("taxi.landing")
        with log_keys(correlation_id="message-1"), log_keys(table="erp.orders"):
            logger.warning("rejected")
        logger.info("all done")

    handle({}, CONTEXT)
    first, second = lines(capsys)
    assert (first["correlation_id"], first["table"]) == ("message-1", "erp.orders")
    assert not {"correlation_id", "table"} & second.keys()


def test_an_exception_that_a_module_logs_has_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    @entry_point("sweep", Variables)
    def handle(event: dict[str, str], context: object) -> None:
        try:
            event["missing"]
        except KeyError:
            logging.getLogger("lake.ledger").exception("it failed")

    handle({}, CONTEXT)
    (line,) = lines(capsys)
    assert (line["level"], line["exception_name"]) == ("ERROR", "KeyError")
    assert 'event["missing"]' in line["exception"]


def test_a_failure_is_logged_once_with_trace_and_reaches_lambda(capsys: pytest.CaptureFixture[str]) -> None:
    @entry_point("batch-manager", Variables)
    def handle(event: dict[str, str], context: object) -> None:
        raise ValueError("of no use")

    with pytest.raises(ValueError, match="of no use"):
        handle({}, CONTEXT)
    (line,) = lines(capsys)
    assert (line["level"], line["exception_name"]) == ("ERROR", "ValueError")
    assert line["service"] == "odp-dev/batch-manager"


def test_neither_the_event_nor_a_variable_is_in_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-role")

    @entry_point("config-delivery", Variables)
    def handle(event: dict[str, str], context: object) -> None:
        logging.getLogger("odp.x").info("begun")
        raise RuntimeError("failed")

    with pytest.raises(RuntimeError):
        handle({"ResponseURL": "https://signed"}, CONTEXT)
    written = json.dumps(lines(capsys))
    assert "secret-of-the-role" not in written
    assert "https://signed" not in written


def test_debug_lines_and_lines_of_other_packages_are_left_to_lambda(capsys: pytest.CaptureFixture[str]) -> None:
    @entry_point("sweep", Variables)
    def handle(event: dict[str, str], context: object) -> None:
        logging.getLogger("odp.x").debug("detail")
        logging.getLogger("botocore.x").info("other")

    handle({}, CONTEXT)
    assert lines(capsys) == []


def test_the_first_call_names_the_variables_that_are_missing_and_handles_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LAKE")

    @entry_point("sweep", Variables)
    def handle(event: dict[str, str], context: object) -> None:
        pytest.fail("it was called")

    with pytest.raises(VariablesError, match="LAKE: "):
        handle({}, CONTEXT)

"""Calls over the border of a Region that is cut off, and a sender that is stopped in the middle of a request."""

import threading
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.regions.control import RegionControl
from tests.embedded.emulator.regions.places import EAST, WEST, Pair
from tests.embedded.waiting import eventually

UNREACHABLE = (HTTPClientError, ClientError)


def test_a_region_that_is_cut_off_cannot_be_called_from_outside(
    control: RegionControl, client: Callable[[str, str], Any], pair: Pair
) -> None:
    control.cut(EAST, unreachable=True)
    for call in (client("dynamodb", EAST).list_tables, client("ssm", EAST).describe_parameters):
        with pytest.raises(HTTPClientError):
            call()
    with pytest.raises(HTTPClientError):
        pair.put(EAST, "a")
    client("dynamodb", WEST).list_tables()
    client("iam", EAST).list_roles()
    control.heal(EAST)
    client("dynamodb", EAST).list_tables()


def test_code_in_a_region_that_is_cut_off_reaches_its_own_region_alone(
    control: RegionControl, make_function: Callable[..., str], invoke: Callable[..., Any]
) -> None:
    name = make_function(
        """
        import boto3
        from botocore.config import Config

        def asked(region):
            try:
                once = Config(retries={"max_attempts": 0})
                boto3.client("dynamodb", region_name=region, config=once).list_tables()
            except Exception as error:
                return type(error).__name__
            return "answered"

        def handle(event, _context):
            return [asked(region) for region in event]
        """,
        "dynamodb:ListTables",
    )
    assert invoke(name, [EAST, WEST]) == ["answered", "answered"]
    control.cut(WEST, unreachable=True)
    assert invoke(name, [EAST, WEST]) == ["answered", "ConnectionClosedError"]


def test_a_sender_is_stopped_in_the_middle_of_a_request_until_it_is_released(
    control: RegionControl, emulator: Emulator, account: str, make_function: Callable[..., str]
) -> None:
    name = make_function(
        """
        import boto3, time

        def handle(_event, _context):
            boto3.client("sts").get_caller_identity()
            began = time.monotonic()
            boto3.client("dynamodb").list_tables()
            return time.monotonic() - began
        """,
        "dynamodb:ListTables",
    )
    control.hold(EAST, method="POST", about="ListTables")
    answers: list[Any] = []
    patient = boto3.client(
        "lambda", endpoint_url=emulator.endpoint, region_name=EAST, aws_access_key_id=account,
        aws_secret_access_key=emulator.root_secret, config=Config(read_timeout=60, retries={"max_attempts": 0}),
    )  # fmt: skip
    call = threading.Thread(target=lambda: answers.append(patient.invoke(FunctionName=name)["Payload"].read()))
    call.start()
    eventually(lambda: control.is_holding)
    time.sleep(0.5)
    assert answers == []
    control.release()
    call.join(30)
    assert float(answers[0]) >= 0.5


def test_no_role_controls_the_regions(control: RegionControl, as_role: Callable[..., Any]) -> None:
    everything = as_role("mighty", {"Effect": "Allow", "Action": "*", "Resource": "*"})("dynamodb")
    with pytest.raises(ClientError, match="AccessDenied"):
        ask_as(everything, "Cut")


def ask_as(dynamodb: Any, operation: str) -> None:
    """Send a request of DynamoDB under the name of an operation that is none of its own."""
    dynamodb.meta.events.register(
        "before-sign.dynamodb.ListTables",
        lambda request, **_: request.headers.replace_header("X-Amz-Target", f"RehearsalRegions.{operation}"),
    )
    dynamodb.list_tables()

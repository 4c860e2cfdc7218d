"""Accounts whose services answer what a test wants, or nothing at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber

from scripts.bootstrap.accounts import Account, Place

PLACE = Place("111111111111", "us-east-1")
UNREACHABLE = EndpointConnectionError(endpoint_url="https://nowhere")
THROTTLED = ClientError({"Error": {"Code": "Throttling", "Message": "later"}}, "GetServiceQuota")


class Answering(Account):
    """An account whose services answer what a test wants."""

    def client(self, service: str) -> Any:
        return STUBBED[service]


STUBBED: dict[str, Any] = {}


@contextmanager
def answering(service: str, operation: str, answer: dict[str, Any] | str) -> Iterator[Account]:
    client = boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]
    with Stubber(client) as stub:
        if isinstance(answer, str):
            stub.add_client_error(operation, answer, "no")
        else:
            stub.add_response(operation, answer)
        STUBBED[service] = client
        yield Answering(PLACE, boto3.Session())
        del STUBBED[service]


def failing(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> Any:
        raise error

    return fail

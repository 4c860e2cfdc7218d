"""Calls of DynamoDB that are throttled, conflict with a transaction, or whose answers are lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError


class Trouble(StrEnum):
    """What happens to one call."""

    THROTTLED = "throttled"
    CONFLICT = "conflict"
    ALWAYS_THROTTLED = "always throttled from then on"
    ALWAYS_CONFLICT = "always in conflict from then on"
    ANSWER_LOST = "answer lost, and the request repeated by boto3"
    TIMED_OUT = "carried out, but the caller never learns it"


def _error(trouble: Trouble, operation: str) -> ClientError:
    """DynamoDB's error; reads do not conflict with transactions, they are throttled instead."""
    is_conflict = "conflict" in trouble.value and operation not in ("GetItem", "BatchGetItem", "Query", "Scan")
    if operation == "TransactWriteItems":
        reason = "TransactionConflict" if is_conflict else "ThrottlingError"
        answer: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "CancellationReasons": [{"Code": "None"}, {"Code": reason}],
        }
        return ClientError(answer, operation)
    code = "TransactionConflictException" if is_conflict else "ThrottlingException"
    return ClientError({"Error": {"Code": code, "Message": ""}}, operation)


class Interruption:
    """Counts the calls of DynamoDB and troubles the one of a number."""

    def __init__(self, number: int, trouble: Trouble) -> None:
        self._number, self._trouble = number, trouble
        self.calls = 0
        """How many calls there were."""
        self._carried_out: dict[str, Any] = {}

    def call(self, client: Any, operation: str, params: Any) -> Any:
        """Carry a call out or trouble it."""
        number, self.calls = self.calls, self.calls + 1
        is_from_then_on = "always" in self._trouble.value
        if number == self._number or (is_from_then_on and number > self._number):
            return self._troubled(client, operation, params)
        return _call(client, operation, params)

    def _troubled(self, client: Any, operation: str, params: Any) -> Any:
        if self._trouble is Trouble.TIMED_OUT:
            _call(client, operation, params)
            raise ReadTimeoutError(endpoint_url="dynamodb")
        if self._trouble is Trouble.ANSWER_LOST:
            answer = _call(client, operation, params)
            # DynamoDB knows a repeated transaction by its token; moto does not
            is_known = operation == "TransactWriteItems" and params["ClientRequestToken"]
            return answer if is_known else _call(client, operation, params)
        raise _error(self._trouble, operation)


_call = BaseClient._make_api_call  # type: ignore[attr-defined]


@contextmanager
def interrupted(number: int, trouble: Trouble) -> Iterator[Interruption]:
    """Trouble one call of DynamoDB, counted from 0."""
    interruption = Interruption(number, trouble)

    def call(client: Any, operation: str, params: Any) -> Any:
        if client.meta.service_model.service_name != "dynamodb":
            return _call(client, operation, params)
        return interruption.call(client, operation, params)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", call)
        patch.setattr("time.sleep", lambda _: None)
        yield interruption

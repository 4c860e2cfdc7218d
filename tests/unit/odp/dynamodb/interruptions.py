"""Calls of DynamoDB that are throttled, conflict with a transaction, or whose answers are lost."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from lake.errors import LakeError, LeaseLostError, RetryableError

READS = ("GetItem", "BatchGetItem", "Query", "Scan")
NEVER = 10**9


class Trouble(StrEnum):
    """What happens to one call."""

    THROTTLED = "throttled"
    CONFLICT = "conflict"
    ALWAYS_THROTTLED = "always throttled from then on"
    ALWAYS_CONFLICT = "always in conflict from then on"
    ANSWER_LOST = "answer lost, and the request repeated by boto3"
    TIMED_OUT = "carried out, but the caller never learns it"


def _error(client: Any, trouble: Trouble, operation: str) -> ClientError:
    """DynamoDB's error; reads do not conflict with transactions, they are throttled instead."""
    is_conflict = "conflict" in trouble.value and operation not in READS
    if operation == "TransactWriteItems":
        reason = "TransactionConflict" if is_conflict else "ThrottlingError"
        answer: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": ""},
            "CancellationReasons": [{"Code": "None"}, {"Code": reason}],
        }
        return _raised_by(client, answer, operation)
    code = "TransactionConflictException" if is_conflict else "ThrottlingException"
    return _raised_by(client, {"Error": {"Code": code, "Message": ""}}, operation)


def _raised_by(client: Any, answer: Any, operation: str) -> ClientError:
    """Make an answer the exception that boto3 has for it."""
    error: ClientError = client.exceptions.from_code(answer["Error"]["Code"])(answer, operation)
    return error


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
        raise _error(client, self._trouble, operation)


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


def chosen(calls: int) -> Iterator[tuple[int, Trouble]]:
    """Every trouble of the first and the last calls; of those between, the worst one at each and the others in turn."""
    for number in range(calls):
        for index, trouble in enumerate(Trouble):
            is_in_turn = (number + index) % 3 == 0
            if min(number, calls - 1 - number) < 3 or trouble is Trouble.TIMED_OUT or is_in_turn:
                yield number, trouble


def may_fail(trouble: Trouble, error: Exception) -> bool:
    """Reads are left to boto3, which repeats them below the wrapper; what lasts nobody can mend."""
    is_read = isinstance(error, ClientError) and error.operation_name in READS
    return {
        Trouble.CONFLICT: is_read,
        Trouble.THROTTLED: is_read,
        Trouble.ANSWER_LOST: False,
    }.get(trouble, not isinstance(error, LeaseLostError))


class World(Protocol):
    """Adapters over tables whose items begin again for every trouble."""

    def begin_again(self) -> None:
        """Return to the state in which every act begins."""

    def state(self) -> object:
        """Give every item."""

    def check(self) -> None:
        """Demand what holds at every moment."""


WorldT = TypeVar("WorldT", bound=World)


def assert_mended(world: WorldT, act: Callable[[WorldT], Any]) -> None:
    """Trouble each call of an act: it succeeds, or leaves things whole for the next attempt, which ends the same."""
    with interrupted(NEVER, Trouble.THROTTLED) as counted:
        expected = act(world)
    end = world.state()
    assert counted.calls > 0
    for number, trouble in chosen(counted.calls):
        world.begin_again()
        with interrupted(number, trouble) as interruption:
            failure = None
            try:
                answer = act(world)
            except (ClientError, ReadTimeoutError, RetryableError) as error:
                failure = error
        world.check()
        if failure is None:
            assert answer == expected, f"{trouble} at call {number}"
        else:
            assert may_fail(trouble, failure), f"{trouble} at call {number}: {failure}"
            # a lease that the first attempt returned after all is lost to the second
            with suppress(LakeError):
                act(world)
        assert world.state() == end, f"{trouble} at call {number}"
        assert interruption.calls > number


def public_methods(adapters: Iterable[type]) -> set[str]:
    """Name what a caller may call of some adapters, as `Class.method`."""
    return {
        f"{adapter.__name__}.{name}"
        for adapter in adapters
        for name, _ in inspect.getmembers(adapter, inspect.isfunction)
        if not name.startswith("_")
    }

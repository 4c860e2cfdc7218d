"""Spares moto work that it repeats, which was a third of the unit tests' time; what it answers stays the same."""

import copy
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import moto.core.responses
import moto.dynamodb.models
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

    Create = Callable[[DynamoDBServiceResource], None]

_carry_out = DynamoDBBackend.transact_write_items
_copies: ContextVar[dict[int, Any] | None] = ContextVar("the copies for this transaction", default=None)


def stored_tables() -> dict[str, Any]:
    """Give the tables as moto has them, which costs no request."""
    tables: dict[str, Any] = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables
    return tables


def create_again(create: "Create", dynamodb: "DynamoDBServiceResource") -> None:
    """Create tables by requests in the first test of a process, and as copies of these in later ones."""
    if create not in _CREATED:
        create(dynamodb)
        _CREATED[create] = copy.deepcopy(stored_tables())
    else:
        stored_tables().update(copy.deepcopy(_CREATED[create]))


_CREATED: "dict[Create, dict[str, Any]]" = {}


def _transact_write_items(backend: Any, transact_items: Any) -> None:
    token = _copies.set({})
    try:
        _carry_out(backend, transact_items)
    finally:
        _copies.reset(token)


def _copied(thing: Any) -> Any:
    """Moto copies a table for each item of a transaction, all before it writes the first."""
    copies = _copies.get()
    if copies is None or not isinstance(thing, Table):
        return copy.deepcopy(thing)
    if id(thing) not in copies:
        copies[id(thing)] = copy.deepcopy(thing)
    return copies[id(thing)]


DynamoDBBackend.transact_write_items = _transact_write_items
moto.dynamodb.models.copy = SimpleNamespace(deepcopy=_copied)
# moto inspects the class of a service's responses at each request
moto.core.responses.method_names_from_class = cache(moto.core.responses.method_names_from_class)

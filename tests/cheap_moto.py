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
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import MockAWS, botocore_stubber, responses_mock
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import AttributePicker
from moto.core.utils import get_service_model
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from tests.cheap_updates import answer_of, replace, replace_by_copy, state_as_now

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource

    Create = Callable[[DynamoDBServiceResource], None]

_carry_out, _update = DynamoDBBackend.transact_write_items, DynamoDBBackend.update_item
_copies: ContextVar[dict[int, Any] | None] = ContextVar("the tables as they were before this transaction", default=None)


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
    """Moto copies a table and all its items for each item of a transaction, before it writes the first."""
    copies = _copies.get()
    if copies is None or not isinstance(thing, Table):
        return copy.deepcopy(thing)
    if id(thing) not in copies:
        copies[id(thing)] = state_as_now(thing)
    return copies[id(thing)]


def _update_item(backend: Any, table_name: str, key: dict[str, Any], **update: Any) -> Any:
    replace_by_copy(backend.get_table(table_name), key)
    return _update(backend, table_name, key, **update)


_possible: dict[tuple[Any, str], tuple[str, ...]] = {}
_pick = AttributePicker.__call__


def _picked(picker: Any, context: Any) -> Any:
    """Moto computes the possible names of a member again for each member of each value of each answer.

    For a plain dictionary they follow from the member alone, which lives as long as its service's model.
    """
    if type(context.obj) is not dict or picker.response_transformers or "." in context.key:
        return _pick(picker, context)
    names = _possible.get((context.shape, context.key))
    if names is None:
        names = _possible[context.shape, context.key] = tuple(picker.get_possible_keys(context))
    return next((context.obj[name] for name in names if name in context.obj), None)


class _Headers(dict[str, str]):
    """Headers by names in lower case, which DynamoDB's handler asks for by others."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())


def _as_text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class _Handler(DynamoHandler):  # type: ignore[misc] # moto has no types
    """Answers a request of boto3 unchanged: moto else looks for its service and builds a web server's request of it."""

    def answer(self, request: Any) -> Any:
        self.headers = _Headers({name.lower(): _as_text(value) for name, value in request.headers.items()})
        self.querystring: dict[str, Any] = {}
        self.uri_match: dict[str, Any] = {}
        self.uri, self.method = request.url, request.method
        self.region, self.partition, self.current_account = "us-east-1", "aws", DEFAULT_ACCOUNT_ID
        self.response_headers = {"server": "amazon.com"}
        operation = get_service_model("dynamodb").operation_model(self._get_action())
        parser = PROTOCOL_PARSERS["json"](operation, map_type=self.PROTOCOL_PARSER_MAP_TYPE)
        parts = {"method": "POST", "values": {}, "url_path": "/", "url_params": {}}
        self.params = parser.parse({**parts, "headers": self.headers, "body": request.body})
        return self.call_action()

    def serialized(self, action_result: Any) -> Any:
        return answer_of(self, action_result)


_process = BotocoreStubber.process_request


def _process_request(stubber: Any, request: Any) -> Any:
    is_simple = request.url == "https://dynamodb.us-east-1.amazonaws.com/"
    return _Handler().answer(request) if is_simple else _process(stubber, request)


def _name_request(headers: dict[str, str]) -> str:
    """Moto throws dice for each of 52 letters."""
    headers["x-amzn-requestid"] = "A" * 52
    return headers["x-amzn-requestid"]


def _enable_patching(mock: Any, reset: bool = True) -> None:
    """Only boto3 is used here: moto else registers all its services with `responses`, too, for each test."""
    botocore_stubber.enabled = True
    if reset:
        mock.reset()
    responses_mock.start()


replace(BotocoreStubber, "process_request", _process_request)
replace(MockAWS, "_enable_patching", _enable_patching)
replace(AttributePicker, "__call__", _picked)
replace(DynamoDBBackend, "transact_write_items", _transact_write_items)
replace(DynamoDBBackend, "update_item", _update_item)
replace(moto.dynamodb.models, "copy", SimpleNamespace(deepcopy=_copied))
replace(moto.core.responses, "gen_amzn_requestid_long", _name_request)
# moto inspects the class of a service's responses at each request
replace(moto.core.responses, "method_names_from_class", cache(moto.core.responses.method_names_from_class))

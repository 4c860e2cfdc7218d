"""Spares moto the copies and searches that it makes for each update, put and answer of DynamoDB."""

import copy
import json
from base64 import b64encode
from functools import cache
from typing import Any

from moto.core.responses import BaseResponse
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing import ast_nodes, validators
from moto.dynamodb.parsing.expressions import UpdateExpressionParser

MOST_BYTES = 405_000
"""What moto takes of an item."""
PLAIN = frozenset(["PutItem", "GetItem", "UpdateItem", "DeleteItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem"])
"""Operations whose results moto has as their answers say them, but for bytes."""


REPLACED: list[tuple[Any, str, Any]] = []
"""What of moto is replaced: the owner, the name, and what moto has there, or None."""


def replace(owner: Any, name: str, ours: Any) -> None:
    """Put our code into the place of moto's."""
    REPLACED.append((owner, name, vars(owner).get(name)))
    setattr(owner, name, ours)


def items_as_now(items: Any) -> Any:
    """Give a table's items as they are now, whatever is put, updated or deleted later; no item is copied."""
    now = items.copy()
    for key, of_key in items.items():
        if isinstance(of_key, dict):
            now[key] = of_key.copy()
    return now


def state_as_now(table: Table) -> Table:
    """Give a table with its items as they are now."""
    now = copy.copy(table)
    now.items = items_as_now(table.items)
    return now


def replace_by_copy(table: Table, key: dict[str, Any]) -> None:
    """Let an update change a copy of its item, because a kept state may share the item."""
    hash_key = DynamoType(key[table.hash_key_attr])
    range_key = DynamoType(key[table.range_key_attr]) if table.range_key_attr else None
    item = table.get_item(hash_key, range_key)
    if item is not None and range_key is not None:
        table.items[hash_key][range_key] = copy.deepcopy(item)
    elif item is not None:
        table.items[hash_key] = copy.deepcopy(item)


@cache
def _is_node(kind: Any) -> bool:
    return issubclass(kind, ast_nodes.Node)


@cache
def _processed_as(kinds: Any, kind: Any) -> Any:
    return next((each for each in kinds if issubclass(kind, each)), None)


def _traverse(processor: Any, root: Any) -> Any:
    """Moto rebuilds the processor's map for each node; what it processes in which order is the same."""
    process = processor._processing_map()
    kinds = tuple(process)

    def visit(node: Any, child_id: int = -1) -> Any:
        parent = node.parent
        for position, child in enumerate(node.children or ()):
            processor.pre_processing_of_child(node, position)
            if _is_node(child.__class__):
                visit(child, position)
        if kind := _processed_as(kinds, node.__class__):
            node = process[kind](node)
            node.parent = parent
            if parent:
                parent.children[child_id] = node
        return node

    return visit(root)


def _copied_tree(node: Any, parent: Any = None) -> Any:
    """Copy an expression from its root, whose leaves are texts; moto asks each node how it is pickled."""
    made = node.__class__.__new__(node.__class__)
    vars(made).update(vars(node), parent=parent)
    if node.children is not None:
        made.children = [
            _copied_tree(child, made) if _is_node(child.__class__) else copy.deepcopy(child) for child in node.children
        ]
    return made


def _init_item(item: Any, hash_key: Any, range_key: Any, attrs: dict[str, Any]) -> None:
    """Moto measures all attributes again for each that it adds."""
    item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
    for name, value in attrs.items():
        dict.__setitem__(item.attrs, name, DynamoType(value))
    if item.size() > MOST_BYTES:
        raise ItemSizeTooLarge


def _as_json(value: Any) -> str:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(value)


def answer_of(handler: BaseResponse, action_result: Any) -> Any:
    """Write a result directly; moto would look up each member in the service's model."""
    result = action_result.result
    if handler._get_action() in PLAIN and isinstance(result, dict):
        headers = {"Content-Type": "application/x-amz-json-1.0", **handler.response_headers}
        return 200, headers, json.dumps(result, default=_as_json)
    return BaseResponse.serialized(handler, action_result)


replace(ast_nodes.DepthFirstTraverser, "traverse", _traverse)
replace(validators, "deepcopy", _copied_tree)
replace(UpdateExpressionParser, "make", cache(UpdateExpressionParser.make))
replace(Item, "__init__", _init_item)

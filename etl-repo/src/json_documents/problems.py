"""Turns pydantic's errors into messages that name the value and the way to write it right.

What is right is read from the JSON schema of the model, so that editors and messages say the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from json_documents.model import Model
from json_documents.suggestion import suggestion

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

Schema = Mapping[str, Any]
Step = str | int
MOST_SHOWN = 300
_KEY = "[key]"
"""Pydantic's last step to a name that is wrong itself, behind that name."""
_QUOTE = "'"
_IN_QUOTES = re.compile("'(.*?)'")
_BOUNDS = ("greater_than", "less_than")
_OF_OBJECTS = ("model_type", "model_attributes_type", "dict_type", "mapping_type")
_OF_LISTS = ("list_type", "tuple_type", "set_type", "frozen_set_type")
_NOT_CALLED = "default_factory_not_called"
"""A default that follows from another field, which is wrong itself."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where, as steps into the document, and why with the way out.

    A field that is missing or unknown is wrong with its object, so `field` has its name and `steps` end before it.
    """

    steps: tuple[Step, ...]
    reason: str
    field: str = ""

    def place(self, document: object, labels: Mapping[str, str]) -> list[str]:
        """Write the steps for people; `labels` names for each list the field by which its entries are known."""
        place: list[str] = []
        here = document
        for step in self.steps:
            here = _inside(here, step)
            place.append(_named(here, step, labels.get(place[-1])) if place and isinstance(step, int) else str(step))
        return place

    @property
    def dotted(self) -> str:
        """The problem on one line, led by its place as programs write it: `environments.dev.region: …`."""
        place = ".".join(map(str, self.steps))
        return f"{place}: {self.reason}" if place else self.reason


def problems_of(error: ValidationError, model: type[Model]) -> list[Problem]:
    """Return every problem that pydantic found in a document of the model."""
    schema, found = _schema_of(model), error.errors()
    wrong = [detail["loc"] for detail in found]
    return [_problem(detail, schema) for detail in found if not _follows(detail, wrong)]


@cache
def _schema_of(model: type[Model]) -> Schema:
    """Pydantic builds a schema again at each call, which takes longer than to check a document."""
    return model.model_json_schema()


def _follows(detail: ErrorDetails, wrong: Iterable[tuple[Step, ...]]) -> bool:
    """Find problems that follow from others: a wrong default, the length of a list with a wrong entry."""
    place = detail["loc"]
    has_wrong_entry = any(other[: len(place)] == place and len(other) > len(place) for other in wrong)
    return detail["type"] == _NOT_CALLED or (detail["type"] == "too_short" and has_wrong_entry)


def _problem(detail: ErrorDetails, schema: Schema) -> Problem:
    steps = tuple(detail["loc"])
    if steps[-1:] == (_KEY,):
        return Problem(steps[:-2], _reason(detail, {}))
    if detail["type"] not in ("missing", "extra_forbidden"):
        return Problem(steps, _reason(detail, _at(schema, steps)))
    *outer, last = steps
    name, parent = str(last), _at(schema, tuple(outer))
    others = [pair for pair in _two_names(parent) if name in pair]
    if detail["type"] == "missing":
        second = next((other for pair in others for other in pair if other != name), None)
        return Problem(tuple(outer), f"{name}{f' (or {second})' if second else ''} is missing", name)
    for first, second in others:
        return Problem(tuple(outer), f"{first} and {second} are two names of one field; keep one", name)
    meant = suggestion(name, _properties(parent), _second_names(parent))
    return Problem(tuple(outer), f"unknown field {name!r}; {meant}", name)


def _reason(detail: ErrorDetails, node: Schema) -> str:
    kind, value = detail["type"], _shown(detail["input"])
    if kind == "value_error":
        return str(detail["ctx"]["error"])
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        return _unknown_value(detail["ctx"], value)
    if kind == "string_pattern_mismatch":
        return f"{value} does not match {detail['ctx']['pattern']}{_example(node)}"
    if kind in ("too_short", "too_long"):
        bound, count = ("at least", "min_length") if kind == "too_short" else ("at most", "max_length")
        number = detail["ctx"][count]
        return f"must have {bound} {number} {'entry' if number == 1 else 'entries'}, not {value}"
    wanted = _wanted(kind, node)
    return f"must be {wanted}{_spelling(kind, detail['input'])}, not {value}" if wanted else f"{detail['msg']}: {value}"


def _unknown_value(context: Mapping[str, Any], value: str) -> str:
    """Of a union the tag is wrong, and pydantic's context says which field has it."""
    allowed = " or ".join(_IN_QUOTES.findall(str(context.get("expected", context.get("expected_tags")))))
    if "tag" in context:
        return f"{context['discriminator'].strip(_QUOTE)}: {context['tag']!r} is not known; write {allowed}"
    return f"{value} is not known; write {allowed}"


def _wanted(kind: str, node: Schema) -> str:
    """Say what a value must be that is of another type or out of bounds; empty if that is not known here."""
    if kind in _OF_OBJECTS:
        names = ", ".join(_properties(node))
        return f"an object with {names}" if names else "an object"
    if kind in _OF_LISTS:
        return "a list"
    if kind.startswith("string_"):
        return f"a text{_example(node)}"
    if kind.startswith("bool_"):
        return "true or false"
    if kind.startswith(("int_", "float_", *_BOUNDS)):
        number = next((each for each in _branches(node) if each.get("type") in ("integer", "number")), {})
        what = "a whole number" if number.get("type") == "integer" else "a number"
        return f"{what}{_bounds(number)}"
    return ""


def _spelling(kind: str, value: object) -> str:
    """Numbers in quotes and texts without them are what people write most often."""
    if kind == "string_type":
        return f' in quotes, "{value}"' if type(value) is int else ""
    return ", without quotes" if isinstance(value, str) and kind.startswith(("int_", "float_", "bool_")) else ""


def _bounds(number: Schema) -> str:
    low, high = number.get("minimum"), number.get("maximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    return f" of at least {low}" if low is not None else f" of at most {high}" if high is not None else ""


def _example(node: Schema) -> str:
    examples = [str(example) for each in _branches(node) for example in each.get("examples", [])]
    return f" such as {examples[0]}" if examples else ""


def _shown(value: object) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _two_names(node: Schema) -> list[tuple[str, str]]:
    rules = [rule["not"]["required"] for rule in node.get("allOf", []) if "required" in rule.get("not", {})]
    return [(first, second) for first, second in rules]


def _at(schema: Schema, steps: tuple[Step, ...]) -> Schema:
    """Find what the schema says of a place; the tag of a union is a step of pydantic's that no document has."""
    branches = list(_resolved(schema, schema))
    for step in steps:
        inner = [found for each in branches for found in _step(each, step)]
        branches = [each for found in inner for each in _resolved(found, schema)] or _tagged(branches, step)
    return branches[0] if len(branches) == 1 else {"anyOf": branches}


def _resolved(node: Schema, schema: Schema) -> Iterator[Schema]:
    """Follow a reference, and take a union apart."""
    if "$ref" in node:
        yield from _resolved(schema["$defs"][str(node["$ref"]).rsplit("/", 1)[-1]], schema)
    elif "anyOf" in node or "oneOf" in node:
        for branch in (*node.get("anyOf", ()), *node.get("oneOf", ())):
            yield from _resolved(branch, schema)
    else:
        yield node


def _step(node: Schema, step: Step) -> Iterator[Schema]:
    if isinstance(step, int):
        further = [node.get("items")]
    else:
        further = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    for found in [node["properties"][step]] if step in node.get("properties", {}) else further:
        if isinstance(found, Mapping):
            yield found


def _tagged(branches: list[Schema], tag: Step) -> list[Schema]:
    """Choose the branches of a union that a tag stands for; all, if the step is no tag."""
    return [each for each in branches if tag in _constants(each)] or branches


def _constants(node: Schema) -> list[object]:
    return [field["const"] for field in node.get("properties", {}).values() if "const" in field]


def _branches(node: Schema) -> list[Schema]:
    return list(node["anyOf"]) if "anyOf" in node else [node]


def _properties(node: Schema) -> list[str]:
    """List the fields of an object by their first names, without what only editors read."""
    names = [name for each in _branches(node) for name in each.get("properties", {}) if not name.startswith("$")]
    second = _second_names(node)
    return [name for name in names if name not in second]


def _second_names(node: Schema) -> list[str]:
    return [second for _, second in _two_names(node)]


def _named(entry: object, position: int, label: str | None) -> str:
    name = entry.get(label) if isinstance(entry, dict) else None
    return f"entry {position + 1}" if name is None else str(name)


def _inside(value: object, step: Step) -> object:
    if isinstance(value, dict):
        return value.get(step)
    return value[step] if isinstance(value, list) and isinstance(step, int) and step < len(value) else None

"""What the pydantic models of JSON files have in common, and fields that have two names."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo
    from pydantic.json_schema import JsonSchemaValue


class Model(BaseModel):
    """A model that cannot be changed once loaded and has no fields that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    SECOND_NAMES: ClassVar[Mapping[str, str]] = {}
    """Fields whose value is written otherwise under their second name: that name, and the first one.

    A field with the same values under both names has `AliasChoices` instead.
    """

    @classmethod
    def names(cls) -> dict[str, str]:
        """Map each name that a document may write to the first name of its field."""
        known = {name: names[0] for field in cls.model_fields for names in [cls._written(field)] for name in names}
        return known | dict(cls.SECOND_NAMES)

    @classmethod
    def _written(cls, name: str) -> list[str]:
        field = cls.model_fields[name]
        alias = field.validation_alias or field.alias
        if isinstance(alias, AliasChoices):
            return [choice for choice in alias.choices if isinstance(choice, str)]
        return [alias if isinstance(alias, str) else name]

    @model_validator(mode="after")
    def _one_name_each(self) -> Self:
        for second, first in self.SECOND_NAMES.items():
            if {first, self._field_written(second)} <= self.model_fields_set:
                message = f"{first} and {second} are two names of one field; keep one"
                raise ValueError(message)
        return self

    @classmethod
    def _field_written(cls, name: str) -> str:
        return next(field for field in cls.model_fields if name in cls._written(field))

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler, /) -> JsonSchemaValue:
        """Describe a field with two names; an object uses one of them."""
        schema = handler(core)
        own = handler.resolve_ref_schema(schema)
        for described in own.get("properties", {}).values():
            if described.get("default", "") is None and {"type": "null"} not in described.get("anyOf", ()):
                del described["default"]  # what may be left out without a value that stands for it
            if "patternProperties" in described:
                described.setdefault("additionalProperties", False)
        for second, first in cls.names().items():
            if second != first:
                _describe_second_name(own, first, second)
        return schema


def _describe_second_name(own: JsonSchemaValue, first: str, second: str) -> None:
    known = own["properties"]
    meaning = f"Another name of {first}: {known[first].get('description', '')}"
    known[second] = {**known.get(second, known[first]), "description": meaning}
    rules = own.setdefault("allOf", [])
    rules.append({"not": {"required": [first, second]}})
    if first in own.get("required", []):
        own["required"].remove(first)
        rules.append({"anyOf": [{"required": [first]}, {"required": [second]}]})


@dataclass(frozen=True, slots=True)
class Matching:
    """Annotates a text that matches a regular expression as a whole; `what` says in a message what it is not."""

    pattern: str
    what: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(core), "pattern": f"^{self.pattern}$"}

    def _checked(self, text: str) -> str:
        if re.fullmatch(self.pattern, text) is None:
            message = f"{text!r} is no {self.what}"
            raise ValueError(message)
        return text


def optional(model: type[Model], name: str, meaning: str, but: Iterable[str] = ()) -> type[Model]:
    """Make a model from another one: all fields optional, and some left out."""
    fields: dict[str, Any] = {
        field: (described.annotation, _without_demand(described))
        for field, described in model.model_fields.items()
        if field not in but
    }
    left = {second: first for second, first in model.SECOND_NAMES.items() if first not in but}
    return create_model(
        name, __base__=Model, __doc__=meaning, SECOND_NAMES=(ClassVar[Mapping[str, str]], left), **fields
    )


def _without_demand(field: FieldInfo) -> FieldInfo:
    free = copy.copy(field)
    free.default, free.default_factory, free.validate_default = None, None, False
    return free


def readable_fields(model: type[Model], partial: type[Model], written: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of an object by the names of the model's fields, without those that are wrong.

    Args:
        model: what the object must be; the fields that a right object leaves out have their defaults.
        partial: the model with fields that may be left out, see `optional`.
        written: the object.
    """
    try:
        found = model.model_validate(written)
    except ValidationError:
        return _readable(partial, written)
    return {name: getattr(found, name) for name in model.model_fields}


def _readable(partial: type[Model], written: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = partial.model_validate(written)
    except ValidationError as error:
        wrong = {step for detail in error.errors() for step in detail["loc"][:1]} or partial.SECOND_NAMES.keys()
        return _readable(partial, {name: value for name, value in written.items() if name not in wrong})
    return {name: getattr(found, name) for name in found.model_fields_set}

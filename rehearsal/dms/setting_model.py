"""What models of DMS's settings share: a setting that the stand-in does not know is refused, never passed over."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.alias_generators import to_pascal


class DmsSettingError(ValueError):
    """A setting that the rehearsal does not know, or that loses data."""


class Settings(BaseModel):
    """One group of settings, by the names that CloudFormation has for them."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_pascal, populate_by_name=True, frozen=True)

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {}
    """Settings that are accepted and change no file, each with the reason."""
    REFUSED: ClassVar[Mapping[str, str]] = {}
    """Settings that are refused unless they are switched off, each with the reason."""

    @model_validator(mode="before")
    @classmethod
    def _without_those_that_change_nothing(cls, given: Any) -> Any:  # noqa: ANN401 - pydantic checks what it is
        if not isinstance(given, Mapping):
            return given
        for name, reason in cls.REFUSED.items():
            if not _is_off(given.get(name)):
                raise ValueError(f"{name} is {given[name]!r}: {reason}")
        return {
            name: value for name, value in given.items() if name not in cls.WITHOUT_EFFECT and name not in cls.REFUSED
        }

    @classmethod
    def read(cls, given: Any, where: str) -> Self:  # noqa: ANN401 - whatever the template has
        """Read the settings; the error has a sentence for each that is wrong."""
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise DmsSettingError("; ".join(_sentence(where, one) for one in error.errors())) from None


def _is_off(value: object) -> bool:
    return value in (None, False, 0, "", "false", "none", "NONE") or value == {}


def _sentence(where: str, error: Any) -> str:  # noqa: ANN401 - pydantic's own type of errors
    path = ".".join([where, *(str(part) for part in error["loc"])])
    if error["type"] == "extra_forbidden":
        return f"{path} is not known to the rehearsal, which cannot say what DMS would do with it"
    said = error["msg"].removeprefix("Value error, ")
    return f"{path}: {said}" if error["type"] == "value_error" else f"{path}: {said}, not {error['input']!r}"

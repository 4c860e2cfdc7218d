"""The environment variables of a Lambda function as one frozen model, which the template is written from as well."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError


def _json(text: str) -> str:
    json.loads(text)
    return text


def _names(value: object) -> object:
    return [name for name in value.split(",") if name] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
JsonText = Annotated[str, AfterValidator(_json)]
Names = Annotated[frozenset[str], BeforeValidator(_names), PlainSerializer(lambda names: ",".join(sorted(names)))]
"""Written with commas between."""


class VariablesError(ValueError):
    """Variables of a function are missing or wrong; the message names all of them."""


class Variables(BaseModel):
    """What each function has; a variable has its field's name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lake: Text
    """The lake's name, which tells its metrics and log lines from those of others."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read them; raises VariablesError, which names all that are missing or wrong, and no value."""
        given = {name: environment[name.upper()] for name in cls.model_fields if name.upper() in environment}
        try:
            return cls.model_validate(given)
        except ValidationError as failure:
            problems = "; ".join(f"{str(each['loc'][0]).upper()}: {each['msg']}" for each in failure.errors())
            message = f"the function's environment is not that of its code: {problems}; deploy its stack again"
            raise VariablesError(message) from None

    def written(self) -> dict[str, str]:
        """Return the variables as a function's configuration has them; what is as by default is left out."""
        return {name.upper(): str(value) for name, value in self.model_dump(exclude_defaults=True).items()}

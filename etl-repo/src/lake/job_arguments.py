"""The arguments of a Glue job as one frozen dataclass, whose fields are arguments of the same names and types."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, TypeVar, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Arguments = TypeVar("Arguments", bound=DataclassInstance)


def parse_arguments(kind: type[Arguments], argv: Sequence[str]) -> Arguments:
    """Read the arguments; Glue's own (`--datalake-formats`, `--conf` …) are not ours to check.

    One that is missing, or no value of its field's type, ends the run with a message that names it. A field with a
    default may be missing.
    """
    types = get_type_hints(kind)
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for field in fields(kind):
        is_demanded = field.default is MISSING
        default = None if is_demanded else field.default
        parser.add_argument(f"--{field.name}", required=is_demanded, type=types[field.name], default=default)
    known, _ = parser.parse_known_args(argv)
    return kind(**vars(known))

"""The arguments of a Glue job as one frozen dataclass, whose fields are arguments of the same names and types."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, TypeVar, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    Arguments = TypeVar("Arguments", bound=DataclassInstance)


def parse_arguments(kind: type[Arguments], argv: Sequence[str]) -> Arguments:
    """Read the arguments; Glue's own (`--datalake-formats`, `--conf` …) are not ours to check.

    One that is missing, or no value of its field's type, ends the run with a message that names it.
    """
    types = get_type_hints(kind)
    parser = argparse.ArgumentParser(allow_abbrev=False)
    for field in fields(kind):
        parser.add_argument(f"--{field.name}", required=True, type=types[field.name])
    known, _ = parser.parse_known_args(argv)
    return kind(**vars(known))

"""Resources of a template as both judges read them: their properties, path by path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Resource = Mapping[str, Any]
Resources = Mapping[str, Resource]


def of_type(resource: Resource | None) -> str:
    """The type of a resource; of none it is empty."""
    return str((resource or {}).get("Type", ""))


def properties(resource: Resource | None) -> Mapping[str, Any]:
    """The properties of a resource, documents that are written as text read."""
    found = (resource or {}).get("Properties") or {}
    return {name: _read(value) for name, value in found.items()} if isinstance(found, Mapping) else {"?": found}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - any JSON
    """Every value that holds no others, with the keys that lead to it; an intrinsic function is such a value."""
    if isinstance(value, Mapping) and not is_intrinsic(value):
        for key, inner in value.items():
            yield from leaves(inner, (*path, str(key)))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def is_intrinsic(value: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether CloudFormation puts something else in its place."""
    return isinstance(value, Mapping) and any(key == "Ref" or key.startswith("Fn::") for key in value)


def text(value: Any) -> str:  # noqa: ANN401 - any JSON
    """A value as something that can be compared and shown."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def shown(value: Any) -> str:  # noqa: ANN401 - any JSON
    """A value in a sentence: whoever pushes chose it, and it must not read as a part of that sentence."""
    return re.sub(r"[^\w:*/.+=@-]", "?", text(value))[:60]


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    """A list, also of one."""
    return value if isinstance(value, list) else [value]


def _read(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        return {key: _read(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_read(inner) for inner in value]
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value

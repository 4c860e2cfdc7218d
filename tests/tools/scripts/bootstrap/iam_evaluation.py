"""What IAM says to a call, by the rules of its documentation, for the few operators that these policies use.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: a denial wins, then somebody
must allow; with a permissions boundary, both it and the role's own policies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

Statement = Mapping[str, Any]
Context = Mapping[str, str]


def allows(statements: Iterable[Statement], action: str, resource: str, context: Context | None = None) -> bool:
    """Whether statements of one kind allow a call, and none of them denies it."""
    effects = {one["Effect"] for one in statements if _is_about(one, action, resource, context or {})}
    return effects == {"Allow"}


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern of IAM, whose * and ? may be any characters, is about a text, which may itself be a pattern."""
    return bool(re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL))


def texts(value: Any) -> list[str]:
    """One text or several, as IAM writes either."""
    return [value] if isinstance(value, str) else list(value)


def _is_about(statement: Statement, action: str, resource: str, context: Context) -> bool:
    return (
        any(matches(pattern.lower(), action.lower()) for pattern in texts(statement["Action"]))
        and any(matches(pattern, resource) for pattern in texts(statement["Resource"]))
        and all(
            OPERATORS[operator](context.get(key), texts(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _equals(found: str | None, wanted: list[str]) -> bool:
    return found in wanted


def _like(found: str | None, wanted: list[str]) -> bool:
    return found is not None and any(matches(pattern, found) for pattern in wanted)


def _not_like(found: str | None, wanted: list[str]) -> bool:
    """A key that is missing is not like anything."""
    return not _like(found, wanted)


def _is_missing(found: str | None, wanted: list[str]) -> bool:
    """Whether a key is there is compared with a truth value that is written as text."""
    return str(found is None).lower() in wanted


OPERATORS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "StringEquals": _equals,
    "ForAnyValue:StringEquals": _equals,
    "ArnLike": _like,
    "ArnNotLike": _not_like,
    "StringNotLikeIfExists": _not_like,
    "Null": _is_missing,
}
"""Any other operator is an error of the test."""

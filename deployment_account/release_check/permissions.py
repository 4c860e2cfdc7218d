"""Who could do what nobody could before: policies, trust, boundaries, network access, roles that code runs with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .findings import Finding, Kind
from .properties import Resource, Resources, listed, of_type, properties, shown, text

GRANTING = re.compile(
    r"AWS::(IAM::(?!Role$|Policy$|ManagedPolicy$|RolePolicy$).*|Lambda::(Permission|Url|LayerVersionPermission)"
    r"|EC2::SecurityGroup.+|EC2::.*(Peering|Gateway|Vpn|VPN).*|EC2::Route|LakeFormation::.*|RAM::.*|SSO::.*"
    r"|Organizations::.*|S3::(Access|MultiRegion).*|SNS::Subscription|Cognito::.*|Code(Star)?Connections::.*"
    r"|Events::(EventBusPolicy|Connection|ApiDestination|Endpoint)|Logs::(SubscriptionFilter|Destination)"
    r"|DataSync::.*|DMS::.*|Transfer::.*|AppFlow::.*)"
)
"""Types of which each resource lets somebody in, or something out."""
SENSITIVE = re.compile(
    r".*(Polic(y|ies)|Policy(Document|Text)|PolicyArns|Role|RoleArn|Roles|Users|Groups|Boundary|PublicAccessBlockConfiguration"
    r"|AccessControl|OwnershipControls|Ingress|Egress|Principals?|SecurityGroups|SecurityGroupIds"
    r"|RoleARN|AuthType|PubliclyAccessible|AssociatePublicIpAddress|MapPublicIpOnLaunch)"
)
"""Properties that say who may do something, or as whom something is done."""
NO_PERMISSION = re.compile(r".*(Deletion|Lifecycle|Retention|Redrive|Scaling|Retry)Policy")
ALL_BUT = "all-but:"
HARMLESS_WHEN_LESS = ("ManagedPolicyArns", "Roles", "Users", "Groups", "SecurityGroupIngress")
"""Lists from which something may be taken without anybody being able to do more."""
RUNS_AS = re.compile(r".*Role(Arn|ARN)?")
"""As whom something is done: a role of the same template is judged there, one that is named by its ARN nowhere."""
NEW_GRANTS = ("ManagedPolicyArns", "SecurityGroupIngress", "SecurityGroupEgress", "PubliclyAccessible")
"""What also a resource that is new lets in or gives."""


class Atom(NamedTuple):
    """The smallest part of a statement."""

    effect: str
    principal: str
    action: str
    resource: str
    condition: str


def broadened(before: Resources, after: Resources) -> Iterator[Finding]:
    """What each resource of the later template allows that its predecessor did not."""
    for id_ in sorted({*before, *after}):
        old, new = before.get(id_), after.get(id_)
        if of_type(old) != of_type(new) and new is not None:
            old = None
        for what in (*_statements(old, new), *_others(old, new)):
            yield Finding(Kind.PERMISSIONS, id_, what)


def _statements(old: Resource | None, new: Resource | None) -> Iterator[str]:
    earlier, later = set(atoms(properties(old))), set(atoms(properties(new)))
    allowed = [one for one in later if one.effect != "Deny" and not _is_covered(one, earlier)]
    denied = [one for one in earlier if one.effect == "Deny" and one not in later]
    # what is gone whole denies nothing, and there is nothing left that it denied
    if allowed:
        yield f"allows {_some(one.action for one in allowed)}{_to(allowed)}"
    if denied:
        yield f"no longer denies {_some(one.action for one in denied)}"


def atoms(value: Any) -> Iterator[Atom]:  # noqa: ANN401 - any JSON
    """The parts of all statements in a value, however deep they lie."""
    if isinstance(value, list):
        for inner in value:
            yield from atoms(inner)
    elif isinstance(value, Mapping):
        if "Effect" in value and not isinstance(value["Effect"], (Mapping, list)):
            yield from _of_statement(value)
        else:
            for inner in value.values():
                yield from atoms(inner)


def _of_statement(statement: Mapping[str, Any]) -> Iterator[Atom]:
    condition = text(statement.get("Condition", ""))
    for principal in _parts(statement, "Principal"):
        for action in _parts(statement, "Action"):
            for resource in _parts(statement, "Resource"):
                yield Atom(str(statement["Effect"]), principal, action, resource, condition)


def _parts(statement: Mapping[str, Any], name: str) -> list[str]:
    if f"Not{name}" in statement:
        return [f"{ALL_BUT}{text(statement[f'Not{name}'])}"]
    value = statement.get(name, "")
    if isinstance(value, Mapping) and name == "Principal":
        return [f"{kind}:{text(one)}" for kind, some in value.items() for one in listed(some)]
    return [text(one) for one in listed(value)]


def _is_covered(one: Atom, earlier: Iterable[Atom]) -> bool:
    return any(
        other.effect == one.effect
        and other.condition in ("", one.condition)
        and _matches(other.principal, one.principal)
        and _matches(other.action.lower(), one.action.lower())
        and _matches(other.resource, one.resource)
        for other in earlier
    )


def _matches(pattern: str, value: str) -> bool:
    """Whether the first is at least as wide; what only CloudFormation can put together is compared as it is written."""
    if pattern == value:
        return True
    if pattern.startswith((ALL_BUT, "{", "[")) or value.startswith((ALL_BUT, "{", "[")):
        return False
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value) is not None


def _others(old: Resource | None, new: Resource | None) -> Iterator[str]:
    if new is None:
        return
    earlier, later = properties(old), properties(new)
    if GRANTING.fullmatch(of_type(new)) and (old is None or earlier != later):
        yield f"opens {'a' if old is None else 'another'} way in or out ({shown(of_type(new))})"
        return
    for name in sorted({*earlier, *later}):
        if SENSITIVE.fullmatch(name) and not NO_PERMISSION.fullmatch(name) and earlier.get(name) != later.get(name):
            yield from _changed(name, old, earlier.get(name), later.get(name))


def _changed(name: str, old: Resource | None, earlier: Any, later: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if old is None and name not in NEW_GRANTS and not (RUNS_AS.fullmatch(name) and isinstance(later, str)):
        return
    if any(atoms(earlier)) or any(atoms(later)):
        if _without_statements(earlier) != _without_statements(later) and old is not None and earlier and later:
            yield f"has {shown(name)} that cannot be compared"
        return
    before, after = ({text(one) for one in listed(some or [])} for some in (earlier, later))
    if name in HARMLESS_WHEN_LESS and after <= before:
        return
    yield f"has {'other ' if old is not None else ''}{shown(name)}"


def _without_statements(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """What of a policy is no statement: a change there is one that the statements do not show."""
    if isinstance(value, list):
        return [inner for inner in map(_without_statements, value) if inner != {}]
    if isinstance(value, Mapping):
        if "Effect" in value:
            return {}
        names = ("Version", "Id", "PolicyName")
        return {key: _without_statements(inner) for key, inner in value.items() if key not in names}
    return value


def _to(allowed: list[Atom]) -> str:
    principals = sorted({one.principal for one in allowed if one.principal})
    return f" to {_some(principals)}" if principals else ""


def _some(texts: Iterable[str], most: int = 3) -> str:
    found = sorted({shown(one) for one in texts if one}) or ["something"]
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")

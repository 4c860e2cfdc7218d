"""Who could do what nobody could before: policies, trust, boundaries, network access, roles that code runs with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .findings import Finding, Kind
from .properties import Resource, Resources, is_intrinsic, listed, of_type, properties, shown, text

GRANTING = re.compile(
    r"AWS::(IAM::(?!Role$|Policy$|ManagedPolicy$|RolePolicy$).*|Lambda::(Permission|Url|LayerVersionPermission)"
    r"|EC2::SecurityGroup.+|EC2::.*(Peering|Gateway|Vpn|VPN).*|EC2::Route|LakeFormation::.*|RAM::.*|SSO::.*"
    r"|Organizations::.*|S3::(Access|MultiRegion).*|SNS::Subscription|Cognito::.*|Code(Star)?Connections::.*"
    r"|Events::(EventBusPolicy|Connection|ApiDestination|Endpoint)|Logs::(SubscriptionFilter|Destination|AccountPolicy|Delivery.*)"
    r"|EC2::FlowLog|CloudTrail::.*|DataSync::.*|DMS::.*|Transfer::.*|AppFlow::.*)"
)
"""Types of which each resource lets somebody in, or something out."""
NEW_WAYS = re.compile("AWS::EC2::VPCEndpoint")
"""Types of which each new resource does; of others it is told what they allow more than before."""
SENSITIVE = re.compile(
    r".*(Polic(y|ies)|Policy(Document|Text)|PolicyArns|Role|RoleArn|Roles|Users|Groups|Boundary|PublicAccessBlockConfiguration"
    r"|AccessControl|OwnershipControls|Ingress|Egress|Principals?|SecurityGroups|SecurityGroupIds"
    r"|RoleARN|AuthType|PubliclyAccessible|AssociatePublicIpAddress|MapPublicIpOnLaunch"
    r"|ReplicationConfiguration|(Inventory|Analytics)Configurations|(Notification|Logging)Configuration"
    r"|(Kinesis)?StreamSpecification|Subscription|VpcConfig|Connections)"
)
"""Properties that say who may do something, as whom something is done, or where data goes besides."""
NO_PERMISSION = re.compile(r".*(Deletion|Lifecycle|Retention|Redrive|Scaling|Retry)Policy")
POLICIES = re.compile(r"AWS::(?!IAM::).*Policy")
"""Types that put a policy on something else: on another thing, it no longer protects the one before."""
PRINCIPALS = re.compile(r"AWS::IAM::(Role|User)")
"""Types whose tags are compared by the conditions of policies."""
ALL_BUT = "all-but:"
HARMLESS_WHEN_LESS = ("ManagedPolicyArns", "Roles", "Users", "Groups", "SecurityGroupIngress")
"""Lists from which something may be taken without anybody being able to do more."""
RUNS_AS = re.compile(r".*Role(Arn|ARN)?")
"""As whom something is done: a role of the same template is judged there, one that is named by its ARN nowhere."""
GOES_TO = re.compile("OutputLocation|DestinationBackupVaultArn")
"""Where data goes, deep within what says more; of what is new, nothing went elsewhere before."""
NEW_GRANTS = (
    *("ManagedPolicyArns", "SecurityGroupIngress", "SecurityGroupEgress", "PubliclyAccessible"),
    *("ReplicationConfiguration", "KinesisStreamSpecification", "Subscription"),
)
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
        if "Effect" in value:
            yield from _of_statement(value)
        else:
            for inner in value.values():
                yield from atoms(inner)


def _of_statement(statement: Mapping[str, Any]) -> Iterator[Atom]:
    condition = text(statement.get("Condition", ""))
    for principal in _parts(statement, "Principal"):
        for action in _parts(statement, "Action"):
            for resource in _parts(statement, "Resource"):
                # an effect that CloudFormation puts together may become an allowance, and is no denial for certain
                yield Atom(text(statement["Effect"]), principal, action, resource, condition)


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
    """Whether the first is at least as wide; an expression that only CloudFormation can resolve is compared as text."""
    if pattern == value:
        return True
    if pattern.startswith((ALL_BUT, "{", "[")) or value.startswith((ALL_BUT, "{", "[")):
        return False
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), value) is not None


def _others(old: Resource | None, new: Resource | None) -> Iterator[str]:
    if new is None:
        return
    earlier, later = properties(old), properties(new)
    is_way = GRANTING.fullmatch(of_type(new)) or (old is None and NEW_WAYS.fullmatch(of_type(new)))
    if is_way and (old is None or earlier != later):
        yield f"opens {'a' if old is None else 'another'} way in or out ({shown(of_type(new))})"
        return
    for name in sorted({*earlier, *later}):
        is_permission = SENSITIVE.fullmatch(name) and not NO_PERMISSION.fullmatch(name)
        if is_permission and earlier.get(name) != later.get(name) and not _is_harmless(name, earlier, later):
            yield from _changed(name, old, earlier.get(name), later.get(name))
    yield from _inner_roles(old, earlier, later)
    if old is not None:
        yield from _destinations(earlier, later)
        yield from _of_whom(of_type(new), earlier, later)


def _of_whom(type_: str, earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[str]:
    """The properties that change a policy's principals without changing the policy."""
    if PRINCIPALS.fullmatch(type_):
        before, after = _tags(earlier), _tags(later)
        for key in sorted({*before, *after}):
            if before.get(key) != after.get(key):
                yield f"has another tag {shown(key)}"
    if POLICIES.fullmatch(type_) and not NO_PERMISSION.fullmatch(type_):
        for name in sorted({*earlier, *later}):
            if not SENSITIVE.fullmatch(name) and earlier.get(name) != later.get(name):
                yield f"has other {shown(name)}"


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    tags = [one if isinstance(one, Mapping) else {} for one in listed(found.get("Tags") or [])]
    return {text(one.get("Key", one)): text(one.get("Value", "")) for one in tags}


def _inner_roles(old: Resource | None, earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[str]:
    """As whom something is done that a resource only starts, such as the target of a rule."""
    before, after = _within(earlier, RUNS_AS), _within(later, RUNS_AS)
    for path in sorted(after):
        if found := [
            one for one in after[path] if one not in before.get(path, ()) and (old is not None or not _is_judged(one))
        ]:
            yield f"has {'other ' if old is not None else ''}{shown(path)} ({_some(map(text, found), 1)})"


def _destinations(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Iterator[str]:
    before, after = _within(earlier, GOES_TO), _within(later, GOES_TO)
    for path in sorted(after):
        if found := [one for one in after[path] if one not in before.get(path, ())]:
            yield f"has other {shown(path)} ({_some(map(text, found), 1)})"


def _within(found: Mapping[str, Any], names: re.Pattern[str]) -> dict[str, list[Any]]:
    """The values of some names below the properties, by path; those between which a condition chooses, too."""
    values: dict[str, list[Any]] = {}
    for path, value in _named(found, names, ()):
        values.setdefault(".".join(path), []).append(value)
    return values


def _named(value: Any, names: re.Pattern[str], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - any JSON
    if isinstance(value, list):
        for inner in value:
            yield from _named(inner, names, path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            below = path if key.startswith("Fn::") else (*path, key)
            if path and names.fullmatch(key):
                yield below, inner
            else:
                yield from _named(inner, names, below)


def _is_judged(role: Any) -> bool:  # noqa: ANN401 - any JSON
    """Whether a role is one of the same template, where what it may do is told."""
    return is_intrinsic(role) and any(key in role for key in ("Ref", "Fn::GetAtt"))


def _changed(name: str, old: Resource | None, earlier: Any, later: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if old is None and name not in NEW_GRANTS and (not RUNS_AS.fullmatch(name) or not later or _is_judged(later)):
        return
    if earlier and not later and any(atoms(earlier)) and name != "Policies":
        yield f"has no {shown(name)} any more"
        return
    if any(atoms(earlier)) or any(atoms(later)):
        if _without_statements(earlier) != _without_statements(later) and old is not None and earlier and later:
            yield f"has {shown(name)} that cannot be compared"
        return
    yield f"has {'other ' if old is not None else ''}{shown(name)}"


def _is_harmless(name: str, earlier: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    """Whether a list only became shorter, and did not free anybody from a denial."""
    before, after = ({text(one) for one in listed(some.get(name) or [])} for some in (earlier, later))
    denies = any(one.effect != "Allow" for one in atoms(earlier))
    return name in HARMLESS_WHEN_LESS and after <= before and not denies


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

"""What CloudFormation has prepared for one stack, read from CloudFormation and from nowhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .command_line import CommandLine, UnreadableError, as_role
from .data_loss import STATEFUL, lost
from .findings import Finding, Kind
from .permissions import broadened
from .properties import Resources, of_type, shown

EMPTY = ("didn't contain changes", "No updates are to be performed")
"""How CloudFormation says that a change set would change nothing; executing such a one does nothing."""
NEW = ("REVIEW_IN_PROGRESS",)
NESTED = "AWS::CloudFormation::Stack"
JUDGED = ("Conditions", "Mappings", "Rules", "Transform")
"""Parts of a template that can give a property another value where it is written as before."""
OF_SSM = "AWS::SSM::Parameter::Value<"
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a change set is, and who may read it."""

    stack: str
    change_set: str
    role: str
    region: str


@dataclass(frozen=True)
class Prepared:
    """A change set and the template that is deployed until it is executed."""

    stack: str
    id_: str
    changes: Sequence[Json] = ()
    before: Json = field(default_factory=dict)
    after: Json = field(default_factory=dict)
    parameters: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """Those whose value changes: the one before and the one after."""

    @property
    def fingerprint(self) -> str:
        """Another one for every change set that is made, and for every template."""
        content = json.dumps([self.stack, self.id_, self.after], sort_keys=True, default=str)
        return hashlib.sha256(content.encode()).hexdigest()

    @property
    def findings(self) -> list[Finding]:
        """What somebody should know before this is executed, once each."""
        found = [*self._of_templates(), *self._of_values(), *self._of_changes()]
        return list(dict.fromkeys(found))

    def _of_templates(self) -> Iterator[Finding]:
        before, after = _resources(self.before), _resources(self.after)
        yield from broadened(before, after)
        yield from lost(before, after)
        if not self.before:
            return
        for name in JUDGED:
            if self.before.get(name) != self.after.get(name):
                yield Finding(Kind.UNJUDGED, name, "of the template change: what they do to values is not judged")
        earlier, later = self.before.get("Parameters", {}), self.after.get("Parameters", {})
        for name in sorted(later):
            is_new = name not in earlier and str(later[name].get("Type", "")).startswith(OF_SSM)
            if not is_new and earlier.get(name) != later[name]:
                yield Finding(Kind.UNJUDGED, name, "is another parameter: what it does to values is not judged")

    def _of_values(self) -> Iterator[Finding]:
        """The same for the values that CloudFormation has put in place of references."""
        before, after = dict(_contexts(self.changes, "Before")), dict(_contexts(self.changes, "After"))
        told = {(finding.kind, finding.resource) for finding in self._of_templates()}
        both = {id_: before[id_] for id_ in before.keys() & after.keys()}
        yield from lost(both, after)
        for finding in broadened(both, {id_: one for id_, one in after.items() if id_ in both or id_ not in before}):
            # of what is new the template says the same in other words
            if finding.resource in both or (finding.kind, finding.resource) not in told:
                yield finding
        for name, (earlier, later) in sorted(self.parameters.items()):
            if earlier is not None:
                yield Finding(Kind.UNJUDGED, name, f"has another value ({shown(later)})")

    def _of_changes(self) -> Iterator[Finding]:
        for change in self.changes:
            yield from _of_change(change)


def read(place: Place) -> Prepared:
    """Read a change set whole; one that cannot be read or executed is an error."""
    aws = as_role(place.role, place.region)
    at = {"stack_name": place.stack, "change_set_name": place.change_set}
    found = aws.call("cloudformation", "describe-change-set", "--include-property-values", **at)
    id_, status = str(found["ChangeSetId"]), (found["Status"], found.get("ExecutionStatus"))
    if found["Status"] == "FAILED" and any(phrase in str(found.get("StatusReason", "")) for phrase in EMPTY):
        return Prepared(place.stack, id_)
    if status != ("CREATE_COMPLETE", "AVAILABLE"):
        raise UnreadableError(f"{id_} is {status}: {found.get('StatusReason', '')}")
    (stack,) = aws.call("cloudformation", "describe-stacks", stack_name=place.stack)["Stacks"]
    is_new = stack["StackStatus"] in NEW
    prepared = Prepared(
        place.stack,
        id_,
        [_resource_change(change) for change in found.get("Changes", [])],
        {} if is_new else _template(aws, stack_name=place.stack),
        _template(aws, **at),
        _parameters({} if is_new else stack, found),
    )
    _refuse_hidden(prepared)
    _refuse_contradictions(prepared)
    return prepared


def _template(aws: CommandLine, **at: str) -> Json:
    body = aws.call("cloudformation", "get-template", template_stage="Processed", **at)["TemplateBody"]
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError as error:
            raise UnreadableError(f"the template of {at} is no JSON") from error
    if not isinstance(body, Mapping) or not isinstance(body.get("Resources"), Mapping):
        raise UnreadableError(f"the template of {at} has no resources")
    return body


def _resource_change(change: Json) -> Json:
    if change.get("Type") != "Resource" or "ResourceChange" not in change:
        raise UnreadableError(f"a change that is none of a resource: {change.get('Type')}")
    found: Json = change["ResourceChange"]
    return found


def _refuse_hidden(prepared: Prepared) -> None:
    """The changes of nested stacks are in change sets of their own, which nobody has made."""
    for change in prepared.changes:
        if change["ResourceType"] == NESTED:
            raise UnreadableError(f"{prepared.stack}: what the nested stack {change['LogicalResourceId']} is to be")


def _refuse_contradictions(prepared: Prepared) -> None:
    """Templates that are read here in another way than by CloudFormation, such as by keys that occur twice."""
    before, after = _resources(prepared.before), _resources(prepared.after)
    for change in prepared.changes:
        id_, type_, action = change["LogicalResourceId"], change["ResourceType"], change["Action"]
        where = before if action == "Remove" else after
        is_there = of_type(where.get(id_)) == type_
        is_known = {"Add": id_ not in before, "Remove": id_ not in after, "Modify": id_ in before}.get(action, True)
        if not (is_there and is_known):
            raise UnreadableError(f"{prepared.stack}: {action} {id_} ({type_}) is not what its templates say")


def _resources(template: Json) -> Resources:
    found: Resources = template.get("Resources", {})
    return found


def _parameters(stack: Json, change_set: Json) -> dict[str, tuple[str | None, str | None]]:
    def values(found: Json) -> dict[str, str]:
        return {
            one["ParameterKey"]: str(one.get("ResolvedValue", one.get("ParameterValue", "")))
            for one in found.get("Parameters") or ()
        }

    before, after = values(stack), values(change_set)
    return {
        name: (before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }


def _contexts(changes: Sequence[Json], which: str) -> Iterator[tuple[str, Json]]:
    for change in changes:
        if context := change.get(f"{which}Context"):
            try:
                yield change["LogicalResourceId"], {**json.loads(context), "Type": change["ResourceType"]}
            except ValueError as error:
                raise UnreadableError(f"the values of {change['LogicalResourceId']} are no JSON") from error


def _of_change(change: Json) -> Iterator[Finding]:
    action, id_, type_ = change["Action"], change["LogicalResourceId"], change["ResourceType"]
    replacement, policy = change.get("Replacement"), str(change.get("PolicyAction") or "")
    if action == "Remove":
        yield Finding(Kind.REPLACED, id_, f"is removed ({type_})")
    elif action == "Modify" and replacement != "False":
        yield Finding(Kind.REPLACED, id_, f"is {'' if replacement == 'True' else 'perhaps '}replaced ({type_})")
    elif action not in ("Add", "Modify"):
        yield Finding(Kind.UNJUDGED, id_, f"would be changed by {action} ({type_})")
    goes = action == "Remove" or (action == "Modify" and replacement != "False")
    if goes and STATEFUL.fullmatch(type_) and not policy.endswith(("Retain", "Snapshot")):
        yield Finding(Kind.DATA, id_, f"goes with what it holds ({type_})")

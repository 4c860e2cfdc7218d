"""What is said to the person who approves: in the request what fits into it, in the log everything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .change_sets import Prepared
from .findings import Finding, Kind

LONGEST = 700
"""CodePipeline takes 1,000 characters in a variable, and in what a request says: the link follows the message."""
CHANGED_PIPELINE = "THE PIPELINE CHANGES ITSELF, perhaps what it asks approval for."
NOTHING = "No data is lost, no permissions are broadened, nothing is replaced or removed."
SHORT = {Kind.DATA: "Data", Kind.PERMISSIONS: "Permissions", Kind.REPLACED: "Replaced", Kind.UNJUDGED: "Not judged"}


def message(prepared: Sequence[Prepared], own: str) -> str:
    """One line: first the count of each kind, then the details that fit, the worst first."""
    by_kind = {kind: list(_named(prepared, kind)) for kind in Kind}
    parts = [f"{kind.value} ({len(found)})." for kind, found in by_kind.items() if found] or [NOTHING]
    if any(one.changes for one in prepared if one.stack == own):
        parts.append(CHANGED_PIPELINE)
    parts.append(_counts(prepared))
    return " ".join([*parts, *_details(by_kind, LONGEST - len(" ".join(parts)))])


def report(prepared: Sequence[Prepared]) -> Iterator[str]:
    """The log, line by line."""
    for one in prepared:
        yield f"== {one.stack}: {len(one.changes)} changes in {one.id_}"
        for change in one.changes:
            replacement = change.get("Replacement", "")
            told = f", replacement: {replacement}" if replacement else ""
            yield f"   {change['Action']} {change['LogicalResourceId']} ({change['ResourceType']}{told})"
        for name, (before, after) in sorted(one.parameters.items()):
            yield f"   parameter {name}: {before!r} becomes {after!r}"
        for finding in one.findings:
            yield f"!! {finding.kind.value}: {finding}"


def _named(prepared: Sequence[Prepared], kind: Kind) -> Iterator[Finding]:
    for one in prepared:
        for finding in one.findings:
            if finding.kind is kind:
                yield Finding(kind, f"{one.stack}/{finding.resource}", finding.what)


def _counts(prepared: Sequence[Prepared]) -> str:
    changed = ", ".join(f"{one.stack} {len(one.changes)}" for one in prepared if one.changes)
    return f"Changes: {changed}." if changed else "Nothing changes."


def _details(by_kind: Mapping[Kind, Sequence[Finding]], room: int) -> Iterator[str]:
    left_out = 0
    for kind, found in by_kind.items():
        for number, finding in enumerate(found):
            said = f"{SHORT[kind]}: {finding}."[:200] if number == 0 else f"{finding}."[:200]
            if len(said) + 1 > room:
                left_out += 1
                continue
            room -= len(said) + 1
            yield said
    if left_out:
        yield f"And {left_out} more: READ THE LOG."

"""The meaning of releasing and dismissing for each kind of quarantine entry; uses no service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from odp.records import QuarantineKind

from odp_cli.errors import CommandError
from odp_cli.operate.entries import Entry


class Action(StrEnum):
    """The action, as the question to the person names it."""

    APPROVE = "approve the held files of"
    DISMISS = "never apply the held files of"
    TRY_AGAIN = "try again to refresh"
    SKIP_ALL = "skip all pending files of"
    TAKE_OUT = "take out the entry, and leave the files alone, of the table configured by now:"
    CLOSE = "take out the entry, of which no file is left, of"
    ACKNOWLEDGE = "acknowledge"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """An action for each verdict, or an alternative."""

    release: Action | str
    dismiss: Action | str


_MEANINGS = {
    QuarantineKind.HELD_LOAD: _Meaning(Action.APPROVE, Action.DISMISS),
    QuarantineKind.HELD_FILE: _Meaning(Action.APPROVE, Action.DISMISS),
    QuarantineKind.REFUSED_TABLE: _Meaning(
        Action.TRY_AGAIN,
        "remove the cause, then release the entry; or give a file up with odp skip. The next refresh that completes "
        "takes the entry out",
    ),
    QuarantineKind.UNCONFIGURED_TABLE: _Meaning(
        "add the table to the table manifests and push them; its files wait meanwhile", Action.SKIP_ALL
    ),
    QuarantineKind.REJECTED_FILE: _Meaning(
        "no table can take it: upload it under a name and in a folder that DMS would use, then dismiss the entry",
        Action.ACKNOWLEDGE,
    ),
    QuarantineKind.MALFORMED_MESSAGE: _Meaning(
        "nothing can be made of it: the next sweep registers the file, if there is one; dismiss the entry",
        Action.ACKNOWLEDGE,
    ),
    QuarantineKind.SKIPPED_FILE: _Meaning(
        "upload the object again to the staging bucket: its new version is applied by itself; then dismiss the entry",
        Action.ACKNOWLEDGE,
    ),
    QuarantineKind.VANISHED_LOAD: _Meaning(
        "odp reload TABLE --empty empties the table; dismissing the entry keeps its rows", Action.ACKNOWLEDGE
    ),
    QuarantineKind.DECISION: _Meaning("it is a decision itself", "it is a decision itself"),
}


def action_for(entry: Entry, verdict: str) -> Action:
    """Return the action of releasing or dismissing an entry.

    Raises:
        CommandError: this verdict makes no sense for the entry.
    """
    meaning = _MEANINGS[entry.kind]
    action = meaning.release if verdict == "release" else meaning.dismiss
    if not isinstance(action, Action):
        raise CommandError(f"a {entry.kind.value} cannot be {_PAST[verdict]}: {entry.reason}", mend=action)
    if entry.dismissed_at:
        raise CommandError(
            f"{entry.number} was dismissed on {entry.dismissed_at} by {entry.dismissed_by}",
            mend="odp quarantine list shows what still waits",
        )
    return action


_PAST = {"release": "released", "dismiss": "dismissed"}

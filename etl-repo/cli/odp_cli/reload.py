"""`odp reload`: a person approves or dismisses the full load of a table that is held."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from odp.records import LandedFile, QuarantineKind
from rich.text import Text

from odp_cli.errors import CommandError
from odp_cli.inference.quantities import byte_text, counted
from odp_cli.operate.ages import minute
from odp_cli.operate.deciding import Decided, Deciding, Verdict
from odp_cli.operate.held_files import HeldGroup, chosen_parts, groups_of
from odp_cli.operate.names import resolve_table
from odp_cli.operate.operated_lake import OperatedLake
from odp_cli.output import PLATFORM, REFUSED, DryRun, Env, Json, PlatformFile, Profile, Reason, Yes, ask, say, say_json

_DONE = {Verdict.APPROVE: "approved", Verdict.DISMISS: "dismissed"}


def reload(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="The source table, or its table in the lake.")],
    approve: Annotated[bool, typer.Option("--approve", help="The load is meant: apply it.")] = False,
    dismiss: Annotated[bool, typer.Option("--dismiss", help="The load is an accident: never apply it.")] = False,
    part: Annotated[list[str] | None, typer.Option(help="Only this part of the load; can be repeated.")] = None,
    reason: Reason = "",
    env: Env = "dev",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Approve or dismiss what is held of a table's full loads; interrupted, run it again."""
    if approve == dismiss:
        raise CommandError("what becomes of the load is not said", mend="add either --approve or --dismiss")
    verdict = Verdict.APPROVE if approve else Verdict.DISMISS
    lake = OperatedLake(platform, env, profile)
    name, qualified_name = _table(lake, table)
    loads = [group for group in groups_of(_held(lake, name)) if group.kind is QuarantineKind.HELD_LOAD]
    files = chosen_parts([file for group in loads for file in group.files], part or ())
    answer = {"environment": env, "source_table_name": name, "verdict": verdict.value, "dry_run": dry_run}
    answer["loads"] = [group.as_json() for group in loads]
    if not as_json:
        for group in loads:
            say(description(name, group))
    decided = Decided()
    if not dry_run:
        deciding = Deciding(lake.books, lake.caller)
        if files:
            ask(f"{env}: {verdict.value} {counted(len(files), 'file')} of {name}?", yes=yes, as_json=as_json)
            decided = deciding.about_held(f"odp reload --{verdict.value}", verdict, files, reason)
        else:
            decided = Decided(closed=deciding.close_left_over(name, qualified_name))
    if as_json:
        say_json(answer | {"selected": [file.file_id for file in files], **decided.as_json()})
    else:
        say(_outcome(name, verdict, files, decided, dry_run=dry_run))
    if decided.too_late:
        raise typer.Exit(REFUSED)


def description(name: str, group: HeldGroup) -> Text:
    """Say what is held: parts, bytes, when they landed, why, and the names of the first ones."""
    landed = sorted(file.landed_at for file in group.files)
    size = byte_text(sum(file.size for file in group.files))
    lines = [
        f"{name}: {counted(len(group.files), 'file')}, {size}, landed {minute(landed[0])} to {minute(landed[-1])} UTC",
        f"  held, because {group.reason}",
        *(f"  {file.key}" for file in group.files[:5]),
        *([f"  … and {len(group.files) - 5} more"] if len(group.files) > 5 else []),  # noqa: PLR2004 - as shown
    ]
    return Text("\n".join(lines))


def told_too_late(files: Sequence[LandedFile]) -> list[str]:
    """Say of which files the decision came too late."""
    return [f"✗ {file.key}: somebody else decided about it meanwhile, or a run took it" for file in files]


def _table(lake: OperatedLake, text: str) -> tuple[str, str]:
    configs = lake.books.configuration().tables
    told = {entry.table for entry in lake.books.entries((QuarantineKind.HELD_LOAD, QuarantineKind.HELD_FILE))}
    name = resolve_table(text, {*configs, *told, *lake.books.pending_work()}, configs)
    return name, configs[name].qualified_name if name in configs else ""


def _held(lake: OperatedLake, name: str) -> list[LandedFile]:
    return lake.books.held_files(name)


def _outcome(name: str, verdict: Verdict, files: Sequence[LandedFile], decided: Decided, *, dry_run: bool) -> Text:
    if not files:
        left = f"; entries without files taken out: {len(decided.closed)}" if decided.closed else ""
        return Text(f"✓ no full load of {name} is held{left}. Late changes: odp quarantine list --kind held_file")
    if dry_run:
        return Text(f"… {counted(len(files), 'file')} of {name} would be {_DONE[verdict]}")
    then = "; the next refresh applies them" if verdict is Verdict.APPROVE and decided.files else ""
    lines = [f"✓ {counted(len(decided.files), 'file')} of {name} {_DONE[verdict]}{then}"]
    return Text("\n".join([*lines, *told_too_late(decided.too_late)]))

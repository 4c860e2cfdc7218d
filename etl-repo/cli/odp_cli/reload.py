"""`odp reload`: a person approves or dismisses the full load of a table that is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from odp.records import LandedFile, QuarantineKind
from rich.text import Text

from odp_cli.errors import CommandError
from odp_cli.inference.quantities import byte_text, counted
from odp_cli.operate.ages import minute
from odp_cli.operate.deciding import Decided, Deciding, Verdict, left_over, refuse_to_dismiss_the_rest
from odp_cli.operate.decision_log import DecisionLog
from odp_cli.operate.emptying import Emptying
from odp_cli.operate.held_files import HeldGroup, chosen_files, groups_of, refuse_first_part_alone
from odp_cli.operate.names import resolve_table
from odp_cli.operate.operated_lake import OperatedLake
from odp_cli.output import (
    PLATFORM,
    REFUSED,
    DryRun,
    Env,
    Json,
    Mode,
    PlatformFile,
    Profile,
    Reason,
    RegionName,
    Yes,
    say,
    say_json,
)

if TYPE_CHECKING:
    from odp.file_manager.vanished_loads import VanishedLoad

    from odp_cli.operate.entries import Entry

_MAY_EXPIRE_AFTER = 12
"""The shortest landed_file_days are 14, and S3 may delete up to 2 days before; no lake keeps objects shorter."""

_DONE = {Verdict.APPROVE: "approved", Verdict.DISMISS: "dismissed"}


def reload(  # noqa: PLR0913, PLR0917 - the options of a command
    table: Annotated[str, typer.Argument(metavar="TABLE", help="The source table, or its table in the lake.")],
    approve: Annotated[
        bool | None, typer.Option("--approve/--dismiss", help="The load is meant: apply it; or never apply it.")
    ] = None,
    empty: Annotated[
        bool, typer.Option("--empty", help="The table's objects were deleted: empty the table as its source was.")
    ] = False,
    part: Annotated[list[str] | None, typer.Option(help="Only this part of the load; can be repeated.")] = None,
    reason: Reason = "",
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Approve or dismiss the held loads of a table, or empty the table; if interrupted, run it again."""
    if (approve is None) != empty:
        raise CommandError("what becomes of the load is not said", mend="add one of --approve, --dismiss and --empty")
    lake = OperatedLake.opened(platform, env, profile, region, as_json=as_json)
    name = _table(lake, table)
    mode = Mode(dry_run, yes, as_json)
    if empty:
        _empty(lake, name, reason, mode)
        return
    verdict = Verdict.APPROVE if approve else Verdict.DISMISS
    loads = [group for group in groups_of(lake.ledger.held_files(name)) if group.kind is QuarantineKind.HELD_LOAD]
    held = [file for group in loads for file in group.files]
    files = chosen_files(held, part or ())
    if verdict is Verdict.APPROVE:
        refuse_first_part_alone(held, files)
    else:
        refuse_to_dismiss_the_rest(lake.ledger, files)
    if not as_json:
        for group in loads:
            say(description(name, group))
    choice = _Choice(lake, name, verdict, files, () if files else left_over(lake.ledger, name))
    decided = Decided() if dry_run else choice.carry_out(reason, mode)
    if as_json:
        selected = {"loads": [group.as_json() for group in loads], "selected": [file.file_id for file in files]}
        answer = {**lake.about, "source_table_name": name, "verdict": verdict.value, "dry_run": dry_run}
        say_json(answer | selected | decided.as_json())
    else:
        say(choice.outcome(decided, dry_run=dry_run))
    if decided.too_late:
        raise typer.Exit(REFUSED)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A person's choice about the held files of one table."""

    lake: OperatedLake
    name: str
    verdict: Verdict
    files: Sequence[LandedFile]
    left_over: Sequence[Entry]
    """The entries that a dead command left; only read if no file is held."""

    def carry_out(self, reason: str, mode: Mode) -> Decided:
        """Ask, then decide; without files, only remove the entries that a dead command left."""
        command = f"odp reload --{self.verdict.value}"
        deciding = Deciding(self.lake.ledger, self.lake.caller)
        if self.files:
            mode.ask(f"{self.lake.place}: {self.verdict.value} {counted(len(self.files), 'file')} of {self.name}?")
            return deciding.about_held(command, self.verdict, self.files, reason)
        if not self.left_over:
            return Decided()
        mode.ask(f"{self.lake.place}: take out {self._left_over(len(self.left_over))} of {self.name}?")
        # a run may have begun before the person answered
        still_left = [entry for entry in left_over(self.lake.ledger, self.name) if entry in self.left_over]
        return deciding.take_out(command, still_left, reason)

    @staticmethod
    def _left_over(number: int) -> str:
        return "1 entry without files" if number == 1 else f"{number} entries without files"

    def outcome(self, decided: Decided, *, dry_run: bool) -> Text:
        """Describe the outcome."""
        if not self.files:
            number = len(self.left_over) if dry_run else len(decided.closed)
            verb = "would be" if dry_run else "were" if number > 1 else "was"
            left = f"; {self._left_over(number)} {verb} taken out" if number else ""
            late = "late changes: odp quarantine list --kind held_file"
            return Text(f"{'…' if dry_run else '✓'} no full load of {self.name} is held{left} ({late})")
        if dry_run:
            return Text(f"… {counted(len(self.files), 'file')} of {self.name} would be {_DONE[self.verdict]}")
        then = "; the next refresh applies them" if self.verdict is Verdict.APPROVE and decided.files else ""
        lines = [f"✓ {counted(len(decided.files), 'file')} of {self.name} {_DONE[self.verdict]}{then}"]
        return Text("\n".join([*lines, *told_too_late(decided.too_late)]))


def description(name: str, group: HeldGroup) -> Text:
    """Describe held files: parts, bytes, landing times, reason, and the first names."""
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
    """List the files for which the decision came too late."""
    return [f"✗ {file.key}: somebody else decided about it meanwhile, or a run took it" for file in files]


def _empty(lake: OperatedLake, name: str, reason: str, mode: Mode) -> None:
    emptying = Emptying(lake.ledger, lake.vanished_loads)
    load = emptying.load_to_empty(name)
    landed = minute(max(part.landed_at for part in load.parts))
    objects = f"the {counted(len(load.parts), 'object')} of its load landed {landed} UTC"
    if not load.parts[0].is_load:
        objects = f"the {counted(len(load.parts), 'change file')} that were looked for landed until {landed} UTC"
    gone = f"{objects} and are gone since {minute(load.gone_at)} UTC"
    is_new = False
    if not mode.dry_run:
        mode.ask(f"{lake.place}: remove the rows that {name} had then? {gone}{_doubt(load)}")
        is_new = emptying.empty(load, DecisionLog(lake.ledger, lake.caller), reason)
    if mode.as_json:
        answer = {**lake.about, "source_table_name": name, "verdict": "empty", "dry_run": mode.dry_run}
        say_json(answer | {"gone_at": load.gone_at, "registered": is_new})
    else:
        done = "… would be emptied" if mode.dry_run else "✓ emptied by the next refresh"
        say(Text(f"{done}: {name}; {gone}"))


def _doubt(load: VanishedLoad) -> str:
    if load.days_kept < _MAY_EXPIRE_AFTER:
        return ""
    may_have_expired = "they may have expired, if landed_file_days was shorter then"
    return f", deleted {load.days_kept} days after they landed: {may_have_expired}"


def _table(lake: OperatedLake, text: str) -> str:
    configs = lake.ledger.configuration().tables
    told = {entry.table for entry in lake.ledger.entries((QuarantineKind.HELD_LOAD, QuarantineKind.HELD_FILE))}
    return resolve_table(text, {*configs, *told, *lake.ledger.pending_work()}, configs)

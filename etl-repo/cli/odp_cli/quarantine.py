"""`odp quarantine`: what waits for a person, and what the person decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from odp.records import HELD_KINDS, LandedFile, QuarantineKind
from rich.text import Text

from odp_cli.errors import CommandError
from odp_cli.inference.quantities import counted
from odp_cli.operate.deciding import Decided, Deciding, Verdict, refuse_to_close, refuse_to_dismiss_the_rest
from odp_cli.operate.entries import Entry, find_entry
from odp_cli.operate.held_files import (
    HeldEntries,
    chosen_files,
    refuse_first_part_alone,
    refuse_unclear,
)
from odp_cli.operate.ledger import OperatedLedger
from odp_cli.operate.names import near, resolve_table
from odp_cli.operate.operated_lake import OperatedLake
from odp_cli.operate.verdicts import Action, action_for
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
from odp_cli.quarantine_view import shown_fields, table_of
from odp_cli.reload import told_too_late

quarantine = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What waits for a person, and decisions.")

EntryName = Annotated[str, typer.Argument(metavar="ENTRY", help="The entry's number, its id, or its object's key.")]
FileNames = Annotated[list[str] | None, typer.Option(help="Only this held file, by name, key or id; can be repeated.")]
_WAITING = tuple(kind for kind in QuarantineKind if kind is not QuarantineKind.DECISION)
_EVERYTHING = 1_000_000_000


@quarantine.command("list")
def list_entries(  # noqa: PLR0913, PLR0917 - the options of a command
    kind: Annotated[str | None, typer.Option(help=f"Only this kind: {', '.join(_WAITING)}.")] = None,
    table: Annotated[str | None, typer.Option(help="Only what is about this table.")] = None,
    decided: Annotated[bool, typer.Option("--decided", help="Decisions and dismissed entries instead.")] = False,
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    as_json: Json = False,
) -> None:
    """List what waits for a person, the oldest first; or what was decided."""
    kinds = [_kind(kind)] if kind else [*_WAITING, *([QuarantineKind.DECISION] if decided else [])]
    lake = OperatedLake.opened(platform, env, profile, region, as_json=as_json)
    entries = lake.ledger.entries(kinds)
    if table:
        configs = lake.ledger.configuration().tables
        name = resolve_table(table, {*configs, *(entry.table for entry in entries if entry.table)}, configs)
        entries = [entry for entry in entries if entry.table == name]
    shown = [entry for entry in entries if _is_decided(entry) == decided]
    if as_json:
        say_json({**lake.about, "entries": [entry.as_json() for entry in shown]})
    elif shown:
        say(table_of(shown))
    else:
        nothing = "nothing was decided yet" if decided else "nothing waits for a person"
        say(f"✓ {nothing} in {lake.place}")


@quarantine.command()
def show(
    entry: EntryName,
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    as_json: Json = False,
) -> None:
    """Show an entry, and the files that are held with it."""
    lake = OperatedLake.opened(platform, env, profile, region, as_json=as_json)
    found = find_entry(entry, lake.ledger.entries(list(QuarantineKind)))
    held, unclear = _held(lake, found)
    document = found.as_json() | {"held": [file.key for file in held], "unclear": [file.key for file in unclear]}
    if as_json:
        say_json({**lake.about, **document})
    else:
        say(Text("\n".join(f"{name}: {value}" for name, value in shown_fields(document))))


@quarantine.command()
def release(  # noqa: PLR0913, PLR0917 - the options of a command
    entry: EntryName,
    reason: Reason = "",
    file: FileNames = None,
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Release an entry: held files are applied, a refused table is tried again."""
    lake = OperatedLake.opened(platform, env, profile, region, as_json=as_json)
    _decide(lake, (entry, file or ()), "release", reason, Mode(dry_run, yes, as_json))


@quarantine.command()
def dismiss(  # noqa: PLR0913, PLR0917 - the options of a command
    entry: EntryName,
    reason: Reason,
    file: FileNames = None,
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Close an entry: give up held files, skip files of an unconfigured table, or acknowledge the entry."""
    lake = OperatedLake.opened(platform, env, profile, region, as_json=as_json)
    _decide(lake, (entry, file or ()), "dismiss", reason, Mode(dry_run, yes, as_json))


def _decide(lake: OperatedLake, about: tuple[str, Sequence[str]], verdict: str, reason: str, mode: Mode) -> None:
    """Decide about an entry, or only about the named ones of its files."""
    text, names = about
    entry = find_entry(text, lake.ledger.entries(list(QuarantineKind)))
    action = _as_of_now(lake.ledger, entry, action_for(entry, verdict))
    command = f"odp quarantine {verdict}"
    files = _chosen(lake, entry, names, command) if names or action in _HELD else _files(lake, entry, action)
    if not files and action in _OF_FILES:
        action = Action.CLOSE
        refuse_to_close(lake.ledger, entry)
    if action is Action.APPROVE:
        refuse_first_part_alone(lake.ledger.held_files(entry.table), files)
    if action is Action.DISMISS:
        refuse_to_dismiss_the_rest(lake.ledger, files)
    told = f"{action.value} {entry.table or entry.number}" + (f" ({counted(len(files), 'file')})" if files else "")
    decided = Decided()
    if not mode.dry_run:
        mode.ask(f"{lake.place}: {told}?")
        decided = carry_out(Deciding(lake.ledger, lake.caller), command, entry, action, (files, reason))
    if mode.as_json:
        answer = {**lake.about, "entry": entry.number, "action": action.name.lower()}
        selected = [file.file_id for file in files]
        say_json(answer | {"dry_run": mode.dry_run, "selected": selected, **decided.as_json()})
    else:
        lines = [f"{'… would' if mode.dry_run else '✓'} {told}", *told_too_late(decided.too_late)]
        say(Text("\n".join(lines)))
    if decided.too_late:
        raise typer.Exit(REFUSED)


def carry_out(
    deciding: Deciding, command: str, entry: Entry, action: Action, about: tuple[Sequence[LandedFile], str]
) -> Decided:
    """Carry out a decision about an entry and its files, with the reason."""
    files, reason = about
    if action in _HELD:
        return deciding.about_held(command, _HELD[action], files, reason)
    if action is Action.CLOSE:
        refuse_to_close(deciding.ledger, entry)
    if action in {Action.CLOSE, Action.TAKE_OUT}:
        return deciding.take_out(command, [entry], reason)
    if action is Action.SKIP_ALL:
        if _as_of_now(deciding.ledger, entry, action) is not action:
            raise CommandError(f"{entry.table} was configured meanwhile", mend="run this again to take the entry out")
        decided = deciding.skip(command, files, reason, qualified_name="")
        return decided if decided.too_late else deciding.closed(decided, entry)
    if action is Action.TRY_AGAIN:
        deciding.try_again(command, entry, reason)
    else:
        deciding.acknowledge(command, entry, reason)
    return Decided()


def _as_of_now(ledger: OperatedLedger, entry: Entry, action: Action) -> Action:
    """Do not skip the files of a table that was configured after the last sweep: its refreshes apply them."""
    is_configured = action is Action.SKIP_ALL and entry.table in ledger.configuration().tables
    return Action.TAKE_OUT if is_configured else action


_HELD = {Action.APPROVE: Verdict.APPROVE, Action.DISMISS: Verdict.DISMISS}
_OF_FILES = {*_HELD, Action.SKIP_ALL}


def _files(lake: OperatedLake, entry: Entry, action: Action) -> list[LandedFile]:
    return lake.ledger.pending_files(entry.table, _EVERYTHING) if action is Action.SKIP_ALL else []


def _chosen(lake: OperatedLake, entry: Entry, names: Sequence[str], command: str) -> list[LandedFile]:
    """Return the held files of a decision; a file whose entry is unknown must be named."""
    if entry.kind not in HELD_KINDS:
        raise CommandError("the entry holds no files", mend="run this without --file")
    held, unclear = _held(lake, entry)
    if not names:
        refuse_unclear(command, entry, unclear)
    return chosen_files([*held, *unclear], names)


def _held(lake: OperatedLake, entry: Entry) -> tuple[list[LandedFile], list[LandedFile]]:
    """Return the held files of an entry, and files that may belong to it or to another one."""
    if entry.kind not in HELD_KINDS:
        return [], []
    entries = [each for each in lake.ledger.entries(HELD_KINDS) if each.table == entry.table]
    of_entries = HeldEntries(entries, lake.ledger.held_files(entry.table))
    return of_entries.files_of(entry), of_entries.unclear_of(entry)


def _is_decided(entry: Entry) -> bool:
    return entry.kind is QuarantineKind.DECISION or bool(entry.dismissed_at)


def _kind(text: str) -> QuarantineKind:
    try:
        return QuarantineKind(text.replace("-", "_").lower())
    except ValueError:
        kinds = [kind.value for kind in QuarantineKind]
        raise CommandError(
            f"there is no kind {text}", mend=near(text, kinds, f"name one of {', '.join(kinds)}")
        ) from None

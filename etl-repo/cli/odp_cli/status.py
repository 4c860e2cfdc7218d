"""`odp status`: the state of a lake's tables, the worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from odp.file_manager.waiting_files import count_that_expire
from odp.records import QuarantineKind
from rich.text import Text

from odp_cli.inference.quantities import byte_text, counted
from odp_cli.operate.ages import age, minute
from odp_cli.operate.entries import Entry
from odp_cli.operate.ledger import OperatedLedger
from odp_cli.operate.names import resolve_table
from odp_cli.operate.operated_lake import OperatedLake
from odp_cli.operate.table_status import STATE_KINDS, LedgerSnapshot, State, TableStatus, statuses
from odp_cli.output import PLATFORM, Env, Json, PlatformFile, Profile, RegionName, say, say_json
from odp_cli.rendering import Column, Listing

_NO_TABLE = (QuarantineKind.REJECTED_FILE, QuarantineKind.MALFORMED_MESSAGE)
_STYLES = dict.fromkeys((State.OK, State.REFRESHING, State.LEFT_TO_SPARK), "green")
_STYLES |= {State.PAUSED: "dim", State.INTERRUPTED: "yellow"}
_REASON_CHARACTERS = 160
_ADVISED_TABLES = 5
_COLUMNS = (
    Column("source table"),
    Column("raw table"),
    Column("cadence"),
    Column("state", is_text=True),
    Column("lag"),
    Column("pending"),
    Column("last refresh (UTC)"),
)


def status(
    tables: Annotated[list[str] | None, typer.Argument(metavar="TABLE…", help="Only these tables.")] = None,
    check: Annotated[bool, typer.Option("--check", help="First ask the staging bucket for vanished loads.")] = False,
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    as_json: Json = False,
) -> None:
    """Show the lake's tables: state, lag, pending files, the last refresh; the worst first."""
    lake = OperatedLake.opened(platform, env, profile, region, as_json=as_json)
    now = datetime.now(UTC)
    unclear = checked(lake) if check else ()
    ledger, without_table = read(lake.ledger, lake.landed_file_days)
    others = Counter(entry.kind.value for entry in without_table)
    found = statuses(ledger, now)
    wanted = {resolve_table(name, [each.source_table_name for each in found], ledger.configs) for name in tables or ()}
    shown = [each for each in found if not wanted or each.source_table_name in wanted]
    if as_json:
        answer = {**lake.about, "at": now.isoformat(timespec="seconds"), "without_table": dict(others)}
        answer |= {"cannot_tell_if_emptied": list(unclear)} if check else {}
        say_json(answer | {"tables": [each.as_json() for each in shown]})
        return
    say(table_of(shown) if shown else f"{env} has no tables yet: push manifests, then start the DMS task")
    for line in _advice(shown):
        say(line)
    if others:
        told = ", ".join(f"{kind} {number}" for kind, number in others.items())
        say(f"! of no table: {told}; look at them with odp quarantine list --env {env}")
    if soon := _rejected_that_expire(without_table, now, lake.landed_file_days):
        say(f"! the staging bucket deletes {counted(soon, 'rejected file')} within 7 days: copy what you want to keep")
    if unclear:
        say(
            f"! nobody can tell whether the source was emptied by TRUNCATE or DROP: {', '.join(unclear)}; all their "
            "files may have expired. Count the rows at the source; if they are gone, load the table again in DMS"
        )


def checked(lake: OperatedLake) -> list[str]:
    """Check the staging bucket for vanished loads; returns the tables that cannot be checked."""
    loads, tables = lake.vanished_loads, lake.ledger.configuration().tables
    for _ in loads.check(tables):
        pass
    kept = loads.kept()
    known = {name for name in tables if any(not entry.is_dismissed for entry in kept[name])}
    return sorted(name for name in tables if name not in known and loads.cannot_tell(name))


def read(ledger: OperatedLedger, landed_file_days: int) -> tuple[LedgerSnapshot, list[Entry]]:
    """Read the state of all tables, and the open entries that belong to no table."""
    configs = ledger.configuration().tables
    pending = ledger.pending_work()
    entries = ledger.entries((*STATE_KINDS, *_NO_TABLE))
    found = LedgerSnapshot(
        configs=configs,
        pending=pending,
        oldest={name: ledger.oldest_landing(name) for name in pending},
        leases=ledger.leases(config.qualified_name for config in configs.values()),
        entries=[entry for entry in entries if entry.kind in STATE_KINDS],
        landed_file_days=landed_file_days,
    )
    return found, [entry for entry in entries if _is_open_without_table(entry)]


def table_of(found: list[TableStatus]) -> Listing:
    """A row for each table."""
    return Listing(_COLUMNS, [_row(each) for each in found])


def _row(each: TableStatus) -> tuple[Text, ...]:
    config = each.config
    return (
        Text(each.source_table_name),
        Text(config.qualified_name if config else "–"),
        Text(config.refresh_cadence if config else "–"),
        Text("\n".join(_short(str(one)) for one in each.conditions), _STYLES.get(each.worst.state, "red")),
        Text(age(each.lag) if each.oldest else "fresh"),
        Text(_pending(each)),
        Text(_last(each)),
    )


def _rejected_that_expire(entries: list[Entry], now: datetime, landed_file_days: int) -> int:
    rejected = (entry for entry in entries if entry.kind is QuarantineKind.REJECTED_FILE)
    landed = [str(entry.details.get("file_ingestion_date_time", entry.since)) for entry in rejected]
    return count_that_expire(landed, now=now, landed_file_days=landed_file_days)


def _is_open_without_table(entry: Entry) -> bool:
    return entry.kind in _NO_TABLE and not entry.dismissed_at


def _advice(shown: Sequence[TableStatus]) -> Iterator[str]:
    """What the last refreshes advise, below the table: a cell has no room for commands."""
    lasts = ((each.source_table_name, each.lease.last) for each in shown)
    advised = [(name, last.advice) for name, last in lasts if last and last.advice]
    for name, advice in advised[:_ADVISED_TABLES]:
        yield f"! {name}: {advice}"
    if (more := len(advised) - _ADVISED_TABLES) > 0:
        yield f"! advice on {counted(more, 'table')} more: odp status TABLE"


def _pending(status: TableStatus) -> str:
    pending = status.pending
    return f"{counted(pending.files, 'file')}, {byte_text(pending.bytes)}" if pending.files else "–"


def _last(status: TableStatus) -> str:
    last = status.lease.last
    if last is None:
        return "–"
    without_row = f", {counted(last.updates_without_row, 'update')} without a row" if last.updates_without_row else ""
    rows = f"+{last.rows_inserted:,} ~{last.rows_updated:,} -{last.rows_deleted:,}"
    return f"{minute(last.ended_at)} {rows}{without_row} by {last.engine}"


def _short(text: str) -> str:
    return text if len(text) <= _REASON_CHARACTERS else f"{text[:_REASON_CHARACTERS]}…"

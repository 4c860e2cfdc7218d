"""`odp skip`: a person gives up a pending file, which then is in the history with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from odp.errors import ObjectKeyError
from rich.text import Text

from odp_cli.errors import CommandError
from odp_cli.inference.quantities import counted
from odp_cli.operate.deciding import Decided, Deciding
from odp_cli.operate.lease_state import LeaseState
from odp_cli.operate.ledger import OperatedLedger
from odp_cli.operate.names import near
from odp_cli.operate.operated_lake import OperatedLake
from odp_cli.output import (
    PLATFORM,
    REFUSED,
    DryRun,
    Env,
    Json,
    PlatformFile,
    Profile,
    Reason,
    RegionName,
    say,
    say_json,
)

if TYPE_CHECKING:
    from datetime import datetime

    from odp.file_manager.sources import Sources
    from odp.records import LandedFile

_COMPARED = 1000
_MAY_BE_APPLIED = (
    "! the last run of {name} died or failed, and may have applied the file before; then the next refresh enters it as "
    "applied"
)
_ID_PARTS = 3


def skip(  # noqa: PLR0913, PLR0917 - the options of a command
    file: Annotated[str, typer.Argument(metavar="FILE", help="The key of a pending object, or the file's id.")],
    reason: Reason,
    env: Env = "dev",
    region: RegionName = "",
    profile: Profile = None,
    platform: PlatformFile = PLATFORM,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Move a pending file, in every pending version, to the history as skipped; it is never applied."""
    lake = OperatedLake.opened(platform, env, profile, region, as_json=as_json)
    configs = lake.ledger.configuration().tables
    files = PendingFinder(lake.ledger, lake.sources).find(file)
    name = files[0].source_table_name
    qualified_name = configs[name].qualified_name if name in configs else ""
    lease = lake.ledger.leases([qualified_name]).get(qualified_name, LeaseState()) if qualified_name else LeaseState()
    may_be_applied = lease.may_have_unrecorded_commit(lake.ledger.now())
    decided = Decided()
    if not dry_run:
        refuse_while_written(lease, qualified_name, lake.ledger.now())
        deciding = Deciding(lake.ledger, lake.caller)
        decided = deciding.skip("odp skip", files, reason, qualified_name=qualified_name)
    if as_json:
        selected = [each.file_id for each in files]
        answer = {**lake.about, "source_table_name": name, "dry_run": dry_run, "selected": selected}
        say_json(answer | {"may_be_applied": may_be_applied} | decided.as_json())
    else:
        told = f"… would be skipped: {counted(len(files), 'file')}" if dry_run else f"✓ {len(decided.files)} skipped"
        late = [f"✗ {each.key}: a run took it or is writing {name}; run this again later" for each in decided.too_late]
        warned = [_MAY_BE_APPLIED.format(name=name)] if may_be_applied else []
        say(Text("\n".join([f"{told} of {name}: {files[0].key}", *late, *warned])))
    if decided.too_late:
        raise typer.Exit(REFUSED)


def refuse_while_written(lease: LeaseState, qualified_name: str, now: datetime) -> None:
    """Refuse to skip files that a run may be applying.

    Raises:
        CommandError: a run writes the table.
    """
    if lease.is_held(now):
        since = f" since {lease.since}" if lease.since else ""
        raise CommandError(
            f"run {lease.owner} is writing {qualified_name}{since} and may be applying the file",
            mend="run this again once odp status does not show the table as refreshing",
        )


@dataclass(frozen=True, slots=True)
class PendingFinder:
    """Finds the pending file that a person names."""

    ledger: OperatedLedger
    sources: Sources

    def find(self, text: str) -> list[LandedFile]:
        """Return the pending versions of an object by its key or S3 address, or the one file of an id.

        Raises:
            CommandError: no pending file has this name.
        """
        return self._by_id(text) if _is_id(text) else self._by_key(text)

    def _by_id(self, file_id: str) -> list[LandedFile]:
        for name in self.ledger.pending_work():
            if found := self.ledger.files_named(name, file_id, pending=True):
                return found
        raise CommandError(f"no pending file has the id {file_id}", mend="name the file by its object's key")

    def _by_key(self, text: str) -> list[LandedFile]:
        key = text.partition("://")[2].partition("/")[2] if "://" in text else text
        try:
            parsed = self.sources.parse_object_key(key)
        except ObjectKeyError as error:
            raise CommandError(
                str(error), mend="name the whole key of a file of a table; odp quarantine list has the other files"
            ) from error
        name = parsed.source_table_name
        found = [each for each in self.ledger.files_named(name, parsed.name, pending=True) if each.key == key]
        if found:
            return found
        raise self._not_pending(key, name, parsed.name)

    def _not_pending(self, key: str, name: str, file_name: str) -> CommandError:
        known = [each for each in self.ledger.files_named(name, file_name, pending=False) if each.key == key]
        if known:
            last = known[-1]
            why = f" ({last.status_reason})" if last.status_reason else ""
            mend = "a held file is decided by odp reload or odp quarantine; a processed one cannot be skipped"
            return CommandError(f"{key} is not pending: the history has it as {last.status.value}{why}", mend=mend)
        keys = [each.key for each in self.ledger.pending_files(name, _COMPARED)]
        return CommandError(f"no file {key} of {name} is pending", mend=near(key, keys, _few(keys)))


def _is_id(text: str) -> bool:
    kind, *others = text.split("/")
    return kind in {"0", "1"} and len(others) == _ID_PARTS - 1 and "." not in others[-1]


def _few(keys: Sequence[str]) -> str:
    return f"name a pending file, such as {keys[0]}" if keys else "odp status shows which tables have pending files"

"""Lambda entry point of the File Manager's sweep: registers missing files, and sends messages."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Set
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial

from lake.functions import LambdaContext, count, entry_point, time_out
from lake.landing.s3_listing import S3Listing
from lake.ledger.connection import dynamodb_resource
from lake.ledger.epochs import Role, StandbyMode
from lake.ledger.regions import DynamoDbRegions
from lake.ledger.sweep_state import DynamoDbSweepState
from lake.log_keys import log_keys
from lake.metrics import Metric
from odp.commands import Commands
from odp.configuration import Configuration
from odp.dms import DmsReplications
from odp.dynamodb.file_tracker import DynamoDbPendingWork
from odp.dynamodb.planning import DynamoDbPlannedLeases
from odp.dynamodb.running_configuration import DynamoDbRunningConfiguration, RunningVersion
from odp.dynamodb.told_states import DynamoDbPlannedCadences, DynamoDbToldStates
from odp.file_manager.handler import connected_ports
from odp.file_manager.missing_files import MissingFiles
from odp.file_manager.registration import STAGING, keep_unconfigured_tables
from odp.file_manager.replicated_tables import replicated_tables
from odp.file_manager.staging_sweep import Sweep, Swept
from odp.file_manager.sweep_states import SweepStates
from odp.file_manager.vanished_loads import VanishedLoads
from odp.file_manager.vanished_look import LOOK_LASTS, VanishedLook
from odp.file_manager.waiting_files import landings_of, losses
from odp.messenger import Messenger
from odp.records import HELD_KINDS, KeptEntry, PendingWork, QuarantineKind
from odp.sns_topic import SnsTopic
from odp.state_changes import Aspect, State
from odp.variables import SweepVariables

logger = logging.getLogger(__name__)

STOPS_BEFORE = timedelta(seconds=90)
"""A run stops so long before its timeout: more than it takes to register a page of a thousand files."""
TELLING_TAKES = timedelta(seconds=120)
"""The time that is kept for judgements and messages, for thousands of waiting tables."""
ROUND_HOURS = 24
"""The longest normal round over the whole bucket."""


def _variables() -> SweepVariables:
    return SweepVariables.read()


class _SharedReads:
    """Reads that several judgements share, each done once."""

    @cached_property
    def pending(self) -> Mapping[str, PendingWork]:
        return DynamoDbPendingWork(dynamodb_resource(), _variables().file_tracker_table).pending_work()

    @cached_property
    def oldest(self) -> Mapping[str, str]:
        return {name: connected_ports().tracker.oldest_landing(name) for name in self.pending}

    @cached_property
    def configuration(self) -> Configuration:
        return _running().everything()

    @cached_property
    def standby(self) -> StandbyMode | None:
        """How this Region is a standby; None if it is the active one."""
        regions = DynamoDbRegions.from_json(dynamodb_resource(), _variables().regions)
        return regions.settings.mode if regions and regions.role() is Role.STANDBY else None


@entry_point("file-manager-sweep", SweepVariables)
def handle(event: dict[str, object], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Do the due work until shortly before the timeout; the next run continues there.

    Messages are sent even if the sweep fails, because it may fail at the same place each hour.
    """
    ends_at = time_out(context, _now()) - STOPS_BEFORE - TELLING_TAKES
    reads, is_due = _SharedReads(), False
    try:
        look = _vanished_look()
        is_due = look.is_due()
        swept = _sweep().run(ends_at - LOOK_LASTS if is_due else ends_at)
        logger.info("registered %d files without an event", swept.found.missed)
        _tell(_counts(swept))
        keep_unconfigured_tables(reads.pending, reads.configuration.tables, connected_ports().quarantine)
        look.run(reads.configuration.tables, ends_at)
    finally:
        _tell_changes(reads, is_day_over=is_due)
    return {"landed": swept.found.landed, "missed": swept.found.missed, "rejected": swept.found.rejected}


def _tell_changes(reads: _SharedReads, *, is_day_over: bool) -> None:
    """Send messages about changes; a failure here does not fail the sweep, and the next sweep sends them."""
    try:
        told = DynamoDbToldStates(dynamodb_resource(), _variables().file_tracker_table, clock=_seconds)
        known = told.known()
        judge = SweepStates(known, Commands(_variables().environment), _now())
        judgements = [*_JUDGEMENTS, *_replications(), *([_expiring_rejected] if is_day_over else ())]
        messenger = Messenger(told, SnsTopic(_variables().topic_arn), _variables().lake, _seconds)
        messenger.judge([partial(judgement, judge, reads) for judgement in judgements], known)
        if is_day_over:
            told.forget(known)
    except Exception:
        logger.exception("some messages about changes were not sent")
        count(Metric.UNTOLD_CHANGES)


def _sweep() -> Sweep:
    ports = connected_ports()
    sources, listing = ports.staging.sources, S3Listing(ports.staging.buckets)
    return Sweep(
        missing_files=MissingFiles(listing, ports.tracker, ports.quarantine, sources, events_take=ports.events_take),
        listing=listing,
        states=_states(),
        bucket=STAGING,
        folders=sources.prefixes,
        clock=_now,
    )


def _vanished_look() -> VanishedLook:
    ports = connected_ports()
    listing, days = S3Listing(ports.staging.buckets), _variables().landed_file_days
    states = _states()
    loads = VanishedLoads(ports.tracker, listing, ports.quarantine, days, _now, states.load().expired_until)
    return VanishedLook(loads, states, _now, _log_vanished)


def _states() -> DynamoDbSweepState:
    return DynamoDbSweepState(dynamodb_resource(), _variables().file_tracker_table, STAGING)


def _running() -> DynamoDbRunningConfiguration:
    dynamodb = dynamodb_resource()
    return DynamoDbRunningConfiguration(
        dynamodb,
        _variables().batch_config_table,
        _variables().raw_table_config_table,
        RunningVersion(dynamodb, _variables().config_deploy_tracker_table),
    )


def _late(judge: SweepStates, reads: _SharedReads) -> Iterator[State]:
    """Judge no table of a standby, which is meant to be behind."""
    if reads.standby is None and _are_schedules_enabled():
        leases = DynamoDbPlannedLeases(dynamodb_resource(), _variables().file_processing_tracker_table, clock=_seconds)
        yield from judge.late(reads.configuration.tables, reads.pending, reads.oldest, leases)


def _silent(judge: SweepStates, reads: _SharedReads) -> Iterator[State]:
    planned = _last_planned(reads.configuration.batches.keys())
    if _are_schedules_enabled():
        schedule = _variables().schedule_names
        yield from judge.silent(reads.configuration.batches, planned, lambda name: f"{schedule}{name}")


def _expiring(judge: SweepStates, reads: _SharedReads) -> Iterator[State]:
    """Judge no file of a cold standby, which applies none."""
    if reads.standby is not StandbyMode.COLD:
        yield from judge.expiring(_losses(reads.oldest), _variables().landed_file_days)


def _expiring_rejected(judge: SweepStates, _: _SharedReads) -> Iterator[State]:
    """Judge open entries; once a day, because many may stay on record."""
    rejected = connected_ports().quarantine.of_tables(QuarantineKind.REJECTED_FILE)
    yield judge.expiring_rejected([landed for _, landed in landings_of(rejected)], _variables().landed_file_days)


def _vanished(judge: SweepStates, _: _SharedReads) -> Iterator[State]:
    def ways_out(entry: KeptEntry) -> tuple[str, str]:
        empty, dismiss = judge.commands.reload(entry.source_table_name, "empty"), judge.commands.dismiss(entry.entry_id)
        return f"Run: {empty}", f"Or: {dismiss}"

    entries = connected_ports().quarantine.of_tables(QuarantineKind.VANISHED_LOAD)
    yield from judge.of_entries(Aspect.VANISHED, "all objects of the load in {} are gone", entries, ways_out)


def _unconfigured(judge: SweepStates, _: _SharedReads) -> Iterator[State]:
    entries = connected_ports().quarantine.of_tables(QuarantineKind.UNCONFIGURED_TABLE)
    title = "files of {} land, which no manifest names"
    yield from judge.of_entries(
        Aspect.UNCONFIGURED, title, entries, lambda entry: (f"Run: {judge.commands.show(entry.entry_id)}",)
    )


def _unconfigured_anymore(judge: SweepStates, reads: _SharedReads) -> Iterator[State]:
    yield from judge.unconfigured_anymore(reads.configuration)


_Judgement = Callable[[SweepStates, _SharedReads], Iterator[State]]


def _replications() -> Iterator[_Judgement]:
    """A judgement for each source: DMS may refuse to answer about one."""
    return (partial(_replicated, {source: arn}) for source, arn in json.loads(_variables().replications).items())


def _replicated(arn: Mapping[str, str], judge: SweepStates, _: _SharedReads) -> Iterator[State]:
    yield from replicated_tables(DmsReplications(arn).tables(), judge.told, judge.commands)


_JUDGEMENTS: tuple[_Judgement, ...] = (_late, _silent, _expiring, _vanished, _unconfigured, _unconfigured_anymore)


def _last_planned(configured: Set[str]) -> Mapping[str, str]:
    """Return the last planning times of cadences.

    For a cadence that is new, returns, or has no schedule, the time begins now.
    """
    cadences = DynamoDbPlannedCadences(dynamodb_resource(), _variables().file_tracker_table, clock=_seconds)
    planned = cadences.last_planned()
    for cadence in planned.keys() - configured:
        cadences.forget(cadence)
    for cadence in configured - planned.keys() if _are_schedules_enabled() else configured:
        cadences.planned(cadence)
    return planned


def _are_schedules_enabled() -> bool:
    return _variables().schedules == "enabled"


def _losses(oldest: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    days, ports = _variables().landed_file_days, connected_ports()
    held = [entry for kind in HELD_KINDS for entry in ports.quarantine.of_tables(kind)]
    found = losses([*oldest.items(), *landings_of(held)], now=_now(), landed_file_days=days)
    for name in sorted(found):
        with log_keys(table=name):
            logger.warning(
                "%s: files that wait or are held are about to expire after %d days in the staging bucket", name, days
            )
    return found


def _counts(swept: Swept) -> dict[Metric, int]:
    found = swept.found
    if found.landed or found.rejected:
        logger.warning("%d landed and %d rejected files had no event", found.landed, found.rejected)
    return {
        Metric.MISSED_FILES: found.missed,
        Metric.REJECTED_FILES: found.rejected,
        Metric.SLOW_SWEEPS: int(swept.round_hours > ROUND_HOURS),
    }


def _tell(counts: Mapping[Metric, int]) -> None:
    for metric, number in counts.items():
        if number:
            count(metric, number)


def _log_vanished(table: str) -> None:
    with log_keys(table=table):
        logger.warning("%s: all objects of its load are gone", table)


def _now() -> datetime:
    return datetime.now(UTC)


def _seconds() -> float:
    return _now().timestamp()

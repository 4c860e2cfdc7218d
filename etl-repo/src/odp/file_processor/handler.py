"""Lambda entry point of the Batch Manager: plans an execution of the File Processor, and ends it."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lake.functions import count, entry_point
from lake.ledger.connection import dynamodb_resource, trouble_of_aws
from lake.ledger.regions import DynamoDbRegions
from lake.log_keys import log_keys
from lake.metrics import Metric
from odp.commands import Commands
from odp.dynamodb.file_tracker import DynamoDbPendingWork
from odp.dynamodb.planning import DynamoDbCadenceClaims, DynamoDbPlannedLeases
from odp.dynamodb.quarantine import DynamoDbQuarantine
from odp.dynamodb.running_configuration import DynamoDbCadences, RunningVersion
from odp.dynamodb.told_states import DynamoDbPlannedCadences, DynamoDbToldStates
from odp.executions import StepFunctionsExecutions
from odp.file_processor.planning import STANDBY, BatchManager
from odp.file_processor.refresh_states import RefreshStates, state_of_planning, state_of_runs
from odp.file_processor.region_turn import RegionTurn
from odp.messenger import Judgement, Messenger
from odp.s3 import S3PlanStorage
from odp.sns_topic import SnsTopic
from odp.state_changes import State, Told
from odp.variables import BatchManagerVariables

logger = logging.getLogger(__name__)

TELLING_LASTS = 150.0
"""Seconds after which no message is begun: half of what the function has, and enough for thousands of tables."""


@functools.cache
def _batch_manager() -> BatchManager:
    dynamodb, variables = dynamodb_resource(), BatchManagerVariables.read()
    leases_table = variables.file_processing_tracker_table
    regions = DynamoDbRegions.from_json(dynamodb, variables.regions)
    return BatchManager(
        files=DynamoDbPendingWork(dynamodb, variables.file_tracker_table),
        leases=DynamoDbPlannedLeases(dynamodb, leases_table),
        cadences=DynamoDbCadences(
            dynamodb,
            variables.batch_config_table,
            variables.raw_table_config_table,
            RunningVersion(dynamodb, variables.config_deploy_tracker_table),
        ),
        plans=S3PlanStorage(variables.plan_bucket),
        claims=DynamoDbCadenceClaims(dynamodb, leases_table, StepFunctionsExecutions().is_running),
        job_timeout_minutes=variables.job_timeout_minutes,
        turn=RegionTurn(regions, _planned_cadences(), _now) if regions else None,
    )


@entry_point("batch-manager", BatchManagerVariables)
def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Plan one execution, or release its cadence at its end; no pending files, no batches, no Glue run.

    At the end of an execution, which is the plan if there are no batches, people are told what changed.

    Raises:
        RetryableError: the same call may succeed later, so the state machine repeats it.
    """
    step = {"plan": _plan, "release": _release}[event.get("step", "plan")]
    execution = event["execution"].rpartition(":")[2]  # the name, under which the Glue runs of its plan log too
    with log_keys(cadence=event["refresh_cadence"], execution=execution, correlation_id=execution), trouble_of_aws():
        return step(event)


def _plan(event: dict[str, Any]) -> dict[str, Any]:
    cadence, execution = event["refresh_cadence"], event["execution"]
    try:
        with trouble_of_aws():
            answer = _batch_manager().plan(cadence, execution)
    except Exception as failure:
        state = state_of_planning(cadence, execution, failure)
        if state:
            _afterwards(cadence, lambda: _tell(cadence, state))
        raise
    logger.info("planned %d batches", len(answer["batches"]))
    state = state_of_planning(cadence, execution, None)
    _afterwards(cadence, lambda: _planned_cadences().planned(cadence))
    # no run ended since a standby told the last time
    with_tables = not answer["batches"] and answer["outcome"] != STANDBY
    _afterwards(cadence, lambda: _tell(cadence, state, with_tables=with_tables))
    return answer


def _release(event: dict[str, Any]) -> dict[str, Any]:
    cadence, execution = event["refresh_cadence"], event["execution"]
    answer = _batch_manager().release(cadence, execution)
    state = state_of_runs(cadence, execution, event.get("failed", []))
    _afterwards(cadence, lambda: _tell(cadence, state, with_tables=True))
    return answer


def _afterwards(cadence: str, work: Callable[[], None]) -> None:
    """Do what stops no refresh when it fails; the next execution does it again."""
    try:
        work()
    except Exception:
        logger.exception("%s: some messages about changes were not sent", cadence)
        count(Metric.UNTOLD_CHANGES)


def _tell(cadence: str, state: State | None, *, with_tables: bool = False) -> None:
    variables = BatchManagerVariables.read()
    told = DynamoDbToldStates(dynamodb_resource(), variables.file_tracker_table, clock=_now)
    known = told.known()
    messenger = Messenger(told, SnsTopic(variables.topic_arn), variables.lake, _now, TELLING_LASTS)
    judgements: list[Judgement] = [lambda: [state] if state else []]
    messenger.judge([*judgements, *_judgements(cadence, known)] if with_tables else judgements, known)


def _judgements(cadence: str, known: Mapping[str, Told]) -> Iterator[Judgement]:
    states = _states()
    tables = functools.cache(lambda: _batch_manager().cadences.cadence(cadence)[1])
    yield lambda: states.refreshes(tables(), known)
    yield lambda: states.held(tables(), known)


def _planned_cadences() -> DynamoDbPlannedCadences:
    return DynamoDbPlannedCadences(dynamodb_resource(), BatchManagerVariables.read().file_tracker_table, clock=_now)


def _states() -> RefreshStates:
    manager, variables = _batch_manager(), BatchManagerVariables.read()
    return RefreshStates(
        files=manager.files,
        leases=manager.leases,
        entries=DynamoDbQuarantine(dynamodb_resource(), variables.quarantine_table),
        commands=Commands(variables.environment),
    )


def _now() -> float:
    return time.time()

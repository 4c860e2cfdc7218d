"""Reads ReplicationSettings: what DMS does with tables, DDL, large values and errors."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from rehearsal.dms.setting_model import Settings

ErrorPolicy = Literal["IGNORE_RECORD", "LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"]
_LOSES = "which loses rows: write SUSPEND_TABLE or STOP_TASK"
_FOR_DATABASES = "of targets that are databases"
_DMS_OWN = "how DMS itself uses its memory and threads"


class TargetMetadata(Settings):
    """How large values are written."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "ParallelLoadThreads": _FOR_DATABASES,
        "ParallelLoadBufferSize": _FOR_DATABASES,
        "ParallelLoadQueuesPerThread": _FOR_DATABASES,
        "ParallelApplyThreads": _FOR_DATABASES,
        "ParallelApplyBufferSize": _FOR_DATABASES,
        "ParallelApplyQueuesPerThread": _FOR_DATABASES,
        "LoadMaxFileSize": _FOR_DATABASES,
        "LobChunkSize": "of full LOB mode",
    }
    REFUSED: ClassVar[Mapping[str, str]] = {
        "TargetSchema": "the mappings name the schema's folder",
        "FullLobMode": "DMS has no full LOB mode to S3",
        "InlineLobMaxSize": "DMS has no inline LOB mode to S3",
        "BatchApplyEnabled": "changes of a key would be merged, so histories lose versions",
        "TaskRecoveryTableEnabled": "DMS keeps that table in targets that are databases",
    }

    support_lobs: bool = False
    limited_size_lob_mode: bool = False
    lob_max_size: int = Field(32, gt=0)
    """Kilobytes."""

    @model_validator(mode="after")
    def _writes_large_values(self) -> Self:
        if not (self.support_lobs and self.limited_size_lob_mode):
            raise ValueError("without SupportLobs and LimitedSizeLobMode, no file has the columns of large values")
        return self


class FullLoadSettings(Settings):
    """What a full load does with the files that are there."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "CreatePkAfterFullLoad": _FOR_DATABASES,
        "MaxFullLoadSubTasks": "tables are loaded one after another here, each complete",
        "TransactionConsistencyTimeout": "transactions that are open when a load begins are in the log when they end",
        "CommitRate": _DMS_OWN,
    }
    REFUSED: ClassVar[Mapping[str, str]] = {
        "StopTaskCachedChangesApplied": "the replication would stop after the load, so no change would follow",
        "StopTaskCachedChangesNotApplied": "the replication would stop after the load, so no change would follow",
    }

    target_table_prep_mode: Literal["DO_NOTHING", "DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD"] = "DROP_AND_CREATE"


class DdlPolicy(Settings):
    """What becomes of a table's files when its definition changes."""

    handle_source_table_truncated: bool = True
    handle_source_table_dropped: bool = True
    handle_source_table_altered: Literal[True] = True
    """Without, a new column would reach no file."""


class ErrorBehavior(Settings):
    """What DMS does when it meets trouble."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "DataErrorEscalationPolicy": "one error suspends the table here, so none are counted",
        "DataErrorEscalationCount": "one error suspends the table here, so none are counted",
        "TableErrorEscalationPolicy": "tables with errors are not counted",
        "TableErrorEscalationCount": "tables with errors are not counted",
        "EventErrorPolicy": "the log of a source has no row that the stand-in skips",
        "ApplyErrorDeletePolicy": _FOR_DATABASES,
        "ApplyErrorInsertPolicy": _FOR_DATABASES,
        "ApplyErrorUpdatePolicy": _FOR_DATABASES,
        "ApplyErrorEscalationPolicy": _FOR_DATABASES,
        "ApplyErrorEscalationCount": _FOR_DATABASES,
        "FullLoadIgnoreConflicts": _FOR_DATABASES,
        "FailOnTransactionConsistencyBreached": "a load begins at a position of the log here, whatever is open",
        "FailTaskWhenCleanTaskResourceFailed": "nothing is cleaned",
    }

    data_error_policy: ErrorPolicy = "LOG_ERROR"
    data_truncation_error_policy: ErrorPolicy = "LOG_ERROR"
    table_error_policy: Literal["SUSPEND_TABLE", "STOP_TASK"] = "SUSPEND_TABLE"
    apply_error_fail_on_truncation_ddl: bool = False
    fail_on_no_tables_captured: bool = True
    recoverable_error_count: int = -1
    """How often a lost source is tried again; -1 is for ever."""
    recoverable_error_interval: int = Field(5, ge=0)
    recoverable_error_throttling: bool = True
    """Whether the interval grows from one attempt to the next."""
    recoverable_error_throttling_max: int = Field(1800, ge=0)
    recoverable_error_stop_retry_after_throttling_max: bool = True
    """Its default is not documented, so a template has to say it."""

    @model_validator(mode="after")
    def _keeps_every_row(self) -> Self:
        policies = {
            "DataErrorPolicy": self.data_error_policy,
            "DataTruncationErrorPolicy": self.data_truncation_error_policy,
        }
        for name, policy in policies.items():
            if policy in ("IGNORE_RECORD", "LOG_ERROR"):
                default = ", DMS's default," if policy == "LOG_ERROR" else ","
                raise ValueError(f"{name} is {policy}{default} {_LOSES}")
        return self


class ControlTables(Settings):
    """Tables that DMS keeps about itself beside the others."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("ControlSchema", "HistoryTimeslotInMinutes", "historyTimeslotInMinutes"),
        "of tables that are switched off",
    )
    REFUSED: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("HistoryTableEnabled", "SuspendedTablesTableEnabled", "StatusTableEnabled"),
        "a folder awsdms_* in the staging bucket goes to quarantine",
    )


class Validation(Settings):
    """DMS's own comparison of source and target."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("ThreadCount", "PartitionSize", "FailureMaxCount", "ValidationMode", "TableFailureMaxCount"),
        "of a validation that is switched off",
    )
    REFUSED: ClassVar[Mapping[str, str]] = {
        "EnableValidation": "DMS validates files on S3 by Athena, which the rehearsal does not; leave it off",
    }


class ReplicationSettings(Settings):
    """All settings of a replication, with DMS's own defaults."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "Logging": "the stand-in logs in any case",
        "StreamBufferSettings": _DMS_OWN,
        "ChangeProcessingTuning": _DMS_OWN,
        "FailTaskWhenCleanTaskResourceFailed": "nothing is cleaned",
    }
    REFUSED: ClassVar[Mapping[str, str]] = {
        "BeforeImageSettings": "on S3, DMS writes before-images by add-before-image-columns in the table mappings",
        "LoopbackPreventionSettings": "the lake writes nothing into its source",
        "CharacterSetSettings": "characters would be replaced",
        "PostProcessingRules": "the rehearsal runs no statements after a load",
        "TTSettings": "time travel logs of DMS are for its support",
    }

    target_metadata: TargetMetadata = Field(default_factory=dict, validate_default=True)
    full_load_settings: FullLoadSettings = FullLoadSettings()
    change_processing_ddl_handling_policy: DdlPolicy = DdlPolicy()
    error_behavior: ErrorBehavior = Field(default_factory=dict, validate_default=True)
    control_tables_settings: ControlTables = ControlTables()
    validation_settings: Validation = Validation()

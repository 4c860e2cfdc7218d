"""Drafts a manifest for a person to edit: fields that were not inferred are empty, so validation names them."""

from __future__ import annotations

from collections.abc import Sequence

from odp_cli.inference.batch_proposal import BatchProposal
from odp_cli.inference.proposal import Proposal
from odp_cli.inference.table_profile import TableProfile
from odp_cli.inference.target_names import target_names

Entry = dict[str, str | int]

DATALAKE_FORMAT = "hudi"
TABLE_FORMAT = "iceberg"
ENGINE = "auto"
WHY_FORMAT = "a new table: many kinds of readers read Iceberg, and only such tables can be refreshed without Spark"
WHY_ENGINE = "each refresh is that of a function while the table is small, otherwise that of Spark in a Glue run"
GLUE_JOB = "odpf_file_processor"


def draft(profiles: Sequence[TableProfile], proposal: Proposal) -> dict[str, list[Entry]]:
    """Write batch_configs and raw_table_configs with what manifests demand, and the change sequence if there is one."""
    targets = target_names((each.table.schema_name, each.table.table_name) for each in profiles)
    return {
        "batch_configs": [_batch_config(batch) for batch in proposal.batches],
        "raw_table_configs": [
            _table_config(each, proposal, targets[each.table.schema_name, each.table.table_name]) for each in profiles
        ],
    }


def _batch_config(batch: BatchProposal) -> Entry:
    return {
        "refresh_cadence": batch.refresh_cadence,
        "datalake_format": DATALAKE_FORMAT,
        "glue_job_name": GLUE_JOB,
        "glue_job_worker_type": batch.glue_job_worker_type,
        "glue_job_max_workers": batch.glue_job_max_workers,
        "refresh_tables_batch_size": batch.refresh_tables_batch_size,
    }


def _table_config(found: TableProfile, proposal: Proposal, target: tuple[str, str]) -> Entry:
    database, table = target
    return {
        "refresh_cadence": proposal.cadences[found.source_table_name].refresh_cadence,
        "source_table_name": found.source_table_name,
        "primary_key": ",".join(found.primary_key.columns),
        "partition_key": ",".join(found.partition_key.columns),
        **({"change_sequence": found.ordering.columns[0]} if found.ordering.columns else {}),
        "table_format": TABLE_FORMAT,
        "engine": ENGINE,
        "raw_database_name": database,
        "raw_table_name": table,
    }

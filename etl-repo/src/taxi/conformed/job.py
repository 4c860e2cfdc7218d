"""Glue job entry point: loads the files of one bundle into the conformed table of their dataset."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lake.job_arguments import parse_arguments
from lake.ledger.connection import dynamodb_resource
from lake.ledger.regions import DynamoDbRegions, Role, RunEpoch
from lake.log_keys import log_as_text, log_keys
from lake.tables.iceberg.catalog import TableName
from taxi.conformed.conforming import Conforming
from taxi.datasets.dataset import load_datasets
from taxi.iceberg import CheckRegion, IcebergConformedTable, one_region
from taxi.records import Bundle, FileOutcome
from taxi.s3 import S3Bundles, S3Quarantine, S3RawFiles
from taxi.spark_session import taxi_session

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobArguments:
    """The arguments of one run; each field is an argument of the same name."""

    JOB_NAME: str
    JOB_RUN_ID: str
    bundle_bucket: str
    bundle_key: str
    conformed_bucket: str
    conformed_database: str
    regions: str = ""
    """JSON of the two Regions; empty without a secondary."""


def main(argv: Sequence[str]) -> list[FileOutcome]:
    """Load one bundle and write its outcomes beside it; a failed file does not fail the run."""
    log_as_text()
    arguments = parse_arguments(JobArguments, argv)
    bundles = S3Bundles(arguments.bundle_bucket)
    bundle = bundles.read(arguments.bundle_key)
    with log_keys(dataset=bundle.dataset, execution=bundle.execution, run=arguments.JOB_RUN_ID):
        outcomes = _conform(bundle, arguments)
        bundles.write_outcome(arguments.bundle_key, outcomes)
        logger.info("%s: %s", arguments.bundle_key, dict(Counter(outcome.status.value for outcome in outcomes)))
    return outcomes


def _conform(bundle: Bundle, arguments: JobArguments) -> list[FileOutcome]:
    dataset = load_datasets()[bundle.dataset]
    spark = taxi_session(f"{arguments.JOB_NAME} {arguments.bundle_key}")
    name = TableName(arguments.conformed_bucket, arguments.conformed_database, dataset.table)
    conforming = Conforming(
        spark,
        dataset,
        raw=S3RawFiles(),
        table=IcebergConformedTable(spark, name, dataset, _check_region(arguments.regions, bundle.epoch)),
        quarantine=S3Quarantine(arguments.conformed_bucket),
    )
    return conforming.conform(bundle.files)


def _check_region(regions_json: str, epoch: int) -> CheckRegion:
    """Allow commits in the epoch under which the bundle was claimed."""
    regions = DynamoDbRegions.from_json(dynamodb_resource(), regions_json) if regions_json else None
    return RunEpoch(regions, epoch, Role.ACTIVE).check if regions else one_region


if __name__ == "__main__":
    main(sys.argv[1:])

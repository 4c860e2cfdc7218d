"""Glue job entry point: brings the purpose-built tables of one dataset up to date."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lake.job_arguments import parse_arguments
from lake.ledger.connection import dynamodb_resource
from lake.ledger.regions import DynamoDbRegions, Role, RunEpoch
from lake.log_keys import log_as_text, log_keys
from lake.tables.iceberg.catalog import TableName
from taxi.datasets.dataset import load_datasets
from taxi.iceberg import CheckRegion, IcebergConformedTable, IcebergPurposeBuiltTable, one_region
from taxi.purpose_built.building import Building, Rebuild
from taxi.purpose_built.rule import Rule, load_rules, rules_of
from taxi.spark_session import taxi_session

TABLES_AT_A_TIME = 3
"""A commit waits for S3 and the catalog most of the time, while another rule computes."""


@dataclass(frozen=True, slots=True)
class JobArguments:
    """The arguments of one run; each field is an argument of the same name."""

    JOB_NAME: str
    JOB_RUN_ID: str
    dataset: str
    conformed_database: str
    purpose_built_bucket: str
    purpose_built_database: str
    regions: str = ""
    """JSON of the two Regions; empty without a secondary."""


def main(argv: Sequence[str]) -> Mapping[str, Rebuild]:
    """Replace the days that changed in each table of the dataset's rules.

    Raises:
        BuildFailedError: any table failed.
        StaleRegionError: another Region is active; the files of the bundle wait until this one is.
    """
    log_as_text()
    arguments = parse_arguments(JobArguments, argv)
    dataset = load_datasets()[arguments.dataset]
    check_region = _check_region(arguments.regions)
    spark = taxi_session(f"{arguments.JOB_NAME} {arguments.dataset}")

    def table_of(rule: Rule) -> IcebergPurposeBuiltTable:
        name = f"{dataset.name}_{rule.name}"
        table = TableName(arguments.purpose_built_bucket, arguments.purpose_built_database, name)
        return IcebergPurposeBuiltTable(spark, table, check_region)

    # only read here: the code that creates it decides on its location
    trips = IcebergConformedTable(spark, TableName("", arguments.conformed_database, dataset.table), dataset)
    with log_keys(dataset=arguments.dataset, run=arguments.JOB_RUN_ID):
        return Building(spark, trips, table_of, at_a_time=TABLES_AT_A_TIME).build(rules_of(dataset.name, load_rules()))


def _check_region(regions_json: str) -> CheckRegion:
    """Allow commits in the epoch of now, if this Region is active in it; it is asked once at once."""
    regions = DynamoDbRegions.from_json(dynamodb_resource(), regions_json) if regions_json else None
    if regions is None:
        return one_region
    check = RunEpoch(regions, regions.newest().number, Role.ACTIVE).check
    check()
    return check


if __name__ == "__main__":
    main(sys.argv[1:])

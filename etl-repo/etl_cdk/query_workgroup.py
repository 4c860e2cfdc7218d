"""The Athena workgroup of the lake, with a scan limit and saved queries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_athena as athena
from constructs import Construct
from taxi.errors import RuleError
from taxi.purpose_built.rule import lacking, load_rules, rules_of

from deployment_account.names import QUERY_RESULTS, Shared, TaxiName

if TYPE_CHECKING:
    from collections.abc import Collection

    from taxi.datasets.dataset import Dataset

    from deployment_account.taxi_settings import TaxiSettings
    from etl_cdk.taxi_permissions import TaxiData

QUERIES = Path(__file__).with_name("queries")
LAYERS = {"conformed": TaxiName.CONFORMED_DATABASE, "purpose_built": TaxiName.PURPOSE_BUILT_DATABASE}
"""The folders of saved queries, and the databases that they query."""
TRIPS, RESULT = "{trips}", re.compile(r"\{dataset\}_(\w+)")
"""The placeholders of a saved query: a dataset's conformed table, and the purpose-built table of a rule."""
BYTES_OF_A_MEGABYTE = 1_000_000


class QueryWorkgroup(Construct):
    """A workgroup whose settings no client overrides, with the queries that fit each dataset."""

    def __init__(self, scope: Construct, id_: str, *, data: TaxiData, settings: TaxiSettings) -> None:
        super().__init__(scope, id_)
        self.name = data.infra.names.taxi(TaxiName.WORKGROUP)
        workgroup = athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=self.name,
            description="Queries of the NYC taxi tables",
            # deletes saved queries and the query history with it, but no table and no result
            recursive_delete_option=True,
            work_group_configuration=self._configuration(data, settings),
        )
        for layer, database in LAYERS.items():
            for path in sorted((QUERIES / layer).glob("*.sql")):
                for dataset in datasets_of(path, data.datasets):
                    query = athena.CfnNamedQuery(
                        self,
                        f"{dataset.name}-{path.stem}",
                        name=f"{dataset.name}_{path.stem}",
                        description=description_of(path),
                        database=data.database(database),
                        query_string=query_of(path, dataset.name, dataset.table),
                        work_group=self.name,
                    )
                    query.add_resource_dependency(workgroup)

    def _configuration(
        self, data: TaxiData, settings: TaxiSettings
    ) -> athena.CfnWorkGroup.WorkGroupConfigurationProperty:
        results = data.infra.bucket(Shared.ATHENA_RESULTS_BUCKET).bucket_name
        return athena.CfnWorkGroup.WorkGroupConfigurationProperty(
            enforce_work_group_configuration=True,
            engine_version=athena.CfnWorkGroup.EngineVersionProperty(selected_engine_version="Athena engine version 3"),
            bytes_scanned_cutoff_per_query=settings.query_scan_limit_mb * BYTES_OF_A_MEGABYTE,
            publish_cloud_watch_metrics_enabled=True,
            requester_pays_enabled=False,
            result_configuration=athena.CfnWorkGroup.ResultConfigurationProperty(
                output_location=f"s3://{results}/{QUERY_RESULTS}",
                expected_bucket_owner=cdk.Stack.of(self).account,
                encryption_configuration=athena.CfnWorkGroup.EncryptionConfigurationProperty(
                    encryption_option="SSE_KMS", kms_key=data.infra.data_key.key_arn
                ),
            ),
        )


def datasets_of(path: Path, datasets: Collection[Dataset]) -> list[Dataset]:
    """Choose the datasets with all columns and tables that a query reads.

    Raises:
        RuleError: no dataset has.
    """
    text = path.read_text(encoding="utf-8")
    missing = {dataset.name: _missing(text, dataset) for dataset in datasets}
    fitting = [dataset for dataset in datasets if not missing[dataset.name]]
    if not fitting:
        reasons = "; ".join(f"{name} has no {', '.join(names)}" for name, names in missing.items())
        raise RuleError([f"{path.parent.name}/{path.name}: fits no dataset: {reasons}"])
    return fitting


def _missing(text: str, dataset: Dataset) -> list[str]:
    built = {rule.name for rule in rules_of(dataset.name, load_rules())}
    if results := set(RESULT.findall(text)):
        return sorted(f"rule {name}" for name in results - built)
    return lacking(text.replace(TRIPS, "trips"), "trips", dataset)


def description_of(path: Path) -> str:
    """The description of a query, from the comment in its first line."""
    return path.read_text(encoding="utf-8").splitlines()[0].removeprefix("-- ")


def query_of(path: Path, dataset: str, table: str) -> str:
    """The query of one dataset: {dataset} begins the names of purpose-built tables, {trips} is the conformed table."""
    return path.read_text(encoding="utf-8").format(dataset=dataset, trips=table)

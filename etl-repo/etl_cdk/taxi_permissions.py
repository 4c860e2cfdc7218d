"""The rights of each part of the NYC taxi flow: the actions that its code calls, on the flow's resources."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk

from deployment_account.names import BUNDLES, Shared, TaxiName
from deployment_account.permissions import allow, allow_key_use

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_s3_assets as s3_assets
    from taxi.datasets.dataset import Dataset

    from etl_cdk.infra_imports import InfraImports
    from etl_cdk.region_table import RegionAccess

QUARANTINE = "quarantine/"
OBJECT_KEY_USE = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")
"""The key rights that Glue and S3 need for a job that reads and writes encrypted objects."""
MESSAGE_KEY_USE = ("kms:Decrypt", "kms:GenerateDataKey")
TABLE_FILE_ACTIONS = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")
CATALOG_READING = ("glue:GetDatabase", "glue:GetTable")
CATALOG_WRITING = ("glue:CreateTable", "glue:UpdateTable")
"""Iceberg publishes a snapshot by updating the catalog entry; it never deletes a table here."""
NAMED_BY_THE_FORMAT = "The files of a lake table are named by the table format."
NAMED_BY_RUNS = "Bundles and outcomes are named after executions, which nobody knows before they start."


@dataclass(frozen=True)
class TaxiData:
    """The flow's resources."""

    infra: InfraImports
    audit: dynamodb.ITable
    datasets: Collection[Dataset]
    regions: RegionAccess | None = None

    def database(self, name: TaxiName) -> str:
        """The physical name of a database, which is also the prefix of its tables in their bucket."""
        return self.infra.names.taxi(name)


def allow_landing(role: iam.IRole, data: TaxiData, state_machine_arn: str) -> None:
    """Register files and start executions."""
    allow(role, ["dynamodb:GetItem", "dynamodb:PutItem"], [data.audit.table_arn])
    allow(role, ["states:StartExecution"], [state_machine_arn])
    allow_key_use(role, data.infra.data_key)


def allow_sweep(role: iam.IRole, data: TaxiData) -> None:
    """List the raw bucket, and register missing files."""
    actions = ("BatchGetItem", "GetItem", "PutItem")
    allow(role, [f"dynamodb:{action}" for action in actions], [data.audit.table_arn])
    allow(role, ["s3:ListBucketVersions"], [data.infra.bucket(Shared.RAW_BUCKET).bucket_arn])
    allow_key_use(role, data.infra.data_key)


def allow_bundles(role: iam.IRole, data: TaxiData, executions_arn: str) -> None:
    """Claim and close bundles under the dataset's lease, and look up the execution that owns it.

    Without the right to list, S3 answers 403 instead of 404 for missing objects.
    """
    actions = ("ConditionCheckItem", "DeleteItem", "GetItem", "Query", "UpdateItem")
    allow(role, ["states:DescribeExecution"], [executions_arn], because=NAMED_BY_RUNS)
    allow(role, [f"dynamodb:{action}" for action in actions], [data.audit.table_arn])
    config = data.infra.bucket(Shared.CONFIG_BUCKET)
    allow(role, ["s3:GetObject", "s3:PutObject"], [config.arn_for_objects(f"{BUNDLES}*")], because=NAMED_BY_RUNS)
    allow(role, ["s3:ListBucket"], [config.bucket_arn])
    allow_key_use(role, data.infra.data_key)
    _allow_epochs(role, data)


def allow_workflow(role: iam.IRole, data: TaxiData, *, function_arn: str, topic_arn: str, own_arn: str) -> None:
    """Call the bundles function, send messages, and start the next execution; its owner grants the jobs."""
    allow(role, ["lambda:InvokeFunction"], [function_arn])
    allow(role, ["sns:Publish"], [topic_arn])
    allow(role, MESSAGE_KEY_USE, [data.infra.data_key.key_arn])
    allow(role, ["states:StartExecution"], [own_arn])


def allow_conformed_job(role: iam.IRole, data: TaxiData, code: Collection[s3_assets.Asset]) -> None:
    """Read a bundle and its files, write rows to the conformed tables, and malformed rows to quarantine."""
    bucket, database = data.infra.bucket, data.database(TaxiName.CONFORMED_DATABASE)
    config, raw, conformed = map(bucket, (Shared.CONFIG_BUCKET, Shared.RAW_BUCKET, Shared.CONFORMED_BUCKET))
    _allow_code(role, code)
    allow(role, ["s3:GetObject"], [config.arn_for_objects(f"{BUNDLES}*")], because=NAMED_BY_RUNS)
    allow(role, ["s3:PutObject"], [config.arn_for_objects(f"{BUNDLES}*.outcome.json")], because=NAMED_BY_RUNS)
    allow(
        role,
        ["s3:GetObject"],
        [raw.arn_for_objects(f"{dataset.prefix}*") for dataset in data.datasets],
        because="A file may land in any folder below the prefix of its dataset.",
    )
    allow(role, ["s3:ListBucket"], [raw.bucket_arn])
    allow(
        role,
        ["s3:PutObject"],
        [conformed.arn_for_objects(f"{QUARANTINE}*")],
        because="Malformed rows are kept below the id of their file.",
    )
    _allow_writing(role, conformed, database)
    _allow_catalog(role, database, (*CATALOG_READING, *CATALOG_WRITING))
    _allow_epochs(role, data)
    allow(role, OBJECT_KEY_USE, [data.infra.data_key.key_arn])


def allow_purpose_built_job(role: iam.IRole, data: TaxiData, code: Collection[s3_assets.Asset]) -> None:
    """Read the conformed tables, and write the purpose-built ones."""
    conformed, purpose_built = map(data.infra.bucket, (Shared.CONFORMED_BUCKET, Shared.PURPOSE_BUILT_BUCKET))
    source, target = map(data.database, (TaxiName.CONFORMED_DATABASE, TaxiName.PURPOSE_BUILT_DATABASE))
    _allow_code(role, code)
    allow(role, ["s3:GetObject"], [conformed.arn_for_objects(f"{source}/*")], because=NAMED_BY_THE_FORMAT)
    allow(role, ["s3:ListBucket"], [conformed.bucket_arn])
    _allow_writing(role, purpose_built, target)
    _allow_catalog(role, source, CATALOG_READING)
    _allow_catalog(role, target, (*CATALOG_READING, *CATALOG_WRITING))
    _allow_epochs(role, data)
    allow(role, OBJECT_KEY_USE, [data.infra.data_key.key_arn])


def _allow_epochs(role: iam.IRole, data: TaxiData) -> None:
    """Read which Region is active, where there are two."""
    if data.regions:
        data.regions.allow_epochs(role)


def _allow_code(role: iam.IRole, code: Collection[s3_assets.Asset]) -> None:
    allow(role, ["s3:GetObject"], [asset.bucket.arn_for_objects(asset.s3_object_key) for asset in code])


def _allow_writing(role: iam.IRole, bucket: s3.IBucket, database: str) -> None:
    allow(role, TABLE_FILE_ACTIONS, [bucket.arn_for_objects(f"{database}/*")], because=NAMED_BY_THE_FORMAT)
    # unconditional: whoever may list prefixes only gets 403, not 404, for the HEAD of a missing key
    allow(role, ["s3:ListBucket"], [bucket.bucket_arn])


def _allow_catalog(role: iam.IRole, database: str, actions: Collection[str]) -> None:
    stack = cdk.Stack.of(role)
    allow(
        role,
        list(actions),
        [
            stack.format_arn(service="glue", resource=resource)
            for resource in ("catalog", f"database/{database}", f"table/{database}/*")
        ],
        because="The jobs make the tables of their databases: one for each dataset, or for each of its rules.",
    )

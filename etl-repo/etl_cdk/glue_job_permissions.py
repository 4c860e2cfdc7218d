"""What refreshes of tables may read and write, by the Glue job and by the function without a JVM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk

from deployment_account.names import OdpTable
from deployment_account.permissions import allow, allow_key_use
from etl_cdk.batch_manager import PLANS

if TYPE_CHECKING:
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_iam as iam
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3
    from aws_cdk import aws_s3_assets as s3_assets

    from etl_cdk.region_table import RegionAccess

TABLE_ACTIONS: Mapping[OdpTable, Sequence[str]] = {
    OdpTable.FILE_TRACKER: ("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"),
    OdpTable.FILE_TRACKER_HISTORY: ("BatchGetItem", "ConditionCheckItem", "PutItem", "Query"),
    OdpTable.FILE_PROCESSING_TRACKER: ("ConditionCheckItem", "UpdateItem"),
    OdpTable.FILE_PROCESSING_TRACKER_HISTORY: ("PutItem",),
    OdpTable.RAW_TABLE_CONFIG: ("GetItem",),
    OdpTable.CONFIG_DEPLOY_TRACKER: ("GetItem",),
    OdpTable.QUARANTINE: ("BatchGetItem", "DeleteItem", "PutItem"),
}
# the catalog sync drops a partition that a reload leaves empty
_PARTITION_VERBS = ("BatchCreate", "BatchDelete", "BatchGet", "BatchUpdate", "Create", "Delete", "Get", "Update")
CATALOG_ACTIONS = (
    *(f"glue:{verb}Database" for verb in ("Create", "Get", "Update")),
    # a foreign entry under a table's name is dropped, because its partition columns cannot be changed
    *(f"glue:{verb}Table" for verb in ("Create", "Delete", "Get", "Update")),
    *(f"glue:{verb}Partition" for verb in _PARTITION_VERBS),
    "glue:GetDatabases",
    "glue:GetPartitions",
    "glue:GetTables",
)
ICEBERG_ACTIONS = ("glue:CreateTable", "glue:GetTable", "glue:UpdateTable")


@dataclass(frozen=True)
class JobResources:
    """The resources of a run; Lambda itself fetches the code of a function."""

    tables: Mapping[OdpTable, dynamodb.ITable]
    staging: s3.IBucket
    raw: s3.IBucket
    config: s3.IBucket
    databases: Sequence[str]
    """Patterns of their names, and names."""
    data_key: kms.IKey
    code: Sequence[s3_assets.Asset] = ()
    regions: RegionAccess | None = None


def allow_job(role: iam.IRole, resources: JobResources) -> None:
    """Let the job's role work on its tables, buckets and databases."""
    allow(role, ["s3:GetObject"], [asset.bucket.arn_for_objects(asset.s3_object_key) for asset in resources.code])
    _allow_refreshes(role, resources)
    allow_catalog(role, resources.databases, CATALOG_ACTIONS)
    _allow_default_database(role)


def allow_native_refresh(role: iam.IRole, resources: JobResources) -> None:
    """Let the function's role do the same for Iceberg tables, whose commits are calls of the Data Catalog."""
    _allow_refreshes(role, resources)
    allow_catalog(role, resources.databases, ICEBERG_ACTIONS)


def _allow_refreshes(role: iam.IRole, resources: JobResources) -> None:
    _allow_tables(role, resources.tables)
    if resources.regions:
        resources.regions.allow_epochs(role)
    _allow_files(role, resources)
    _allow_lake(role, resources.raw, resources.databases)
    allow_key_use(role, resources.data_key)


def _allow_tables(role: iam.IRole, tables: Mapping[OdpTable, dynamodb.ITable]) -> None:
    for table, actions in TABLE_ACTIONS.items():
        allow(role, [f"dynamodb:{action}" for action in actions], [tables[table].table_arn])


def _allow_files(role: iam.IRole, resources: JobResources) -> None:
    allow(
        role,
        ["s3:GetObject"],
        [resources.config.arn_for_objects(PLANS)],
        because="Each run reads the plan of its own execution.",
    )
    allow(
        role,
        # versions are compared: a copied or restored object is not a change of the source
        ["s3:GetObject", "s3:GetObjectVersion"],
        [resources.staging.arn_for_objects("*")],
        because="DMS may put its folders of schemas and tables at any depth of the staging bucket.",
    )
    allow(role, ["s3:ListBucket", "s3:ListBucketVersions"], [resources.staging.bucket_arn])


def _allow_lake(role: iam.IRole, raw: s3.IBucket, databases: Sequence[str]) -> None:
    """Listing is unconditional: whoever may list prefixes only gets 403, not 404, for the HEAD of a missing key.

    The bare key of a database is included, because S3A probes the parents of every folder that it creates.
    """
    allow(
        role,
        ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        [raw.arn_for_objects(key) for name in databases for key in keys_of(name)],
        because="Databases are named by the manifests, the files of their tables by the table format.",
    )
    allow(role, ["s3:ListBucket"], [raw.bucket_arn])


def keys_of(database: str) -> list[str]:
    """The keys of a database's files; the `*` of a pattern also matches the rest of the path."""
    return [database] if database.endswith("*") else [database, f"{database}/*"]


def allow_catalog(role: iam.IRole, databases: Sequence[str], actions: Sequence[str]) -> None:
    """Let a role do these actions on the databases of these names or patterns, and on their tables."""
    stack = cdk.Stack.of(role)
    catalog = ["catalog", *(f"database/{name}" for name in databases), *(f"table/{name}/*" for name in databases)]
    allow(
        role,
        actions,
        [stack.format_arn(service="glue", resource=resource) for resource in catalog],
        because="A refresh creates the tables of its databases; which ones, the manifests say.",
    )


def _allow_default_database(role: iam.IRole) -> None:
    """AWS's metastore client reads the database `default`, and creates it if it is missing."""
    # creating it also needs the right on `catalog`, which the job has
    default = cdk.Stack.of(role).format_arn(service="glue", resource="database/default")
    allow(role, ["glue:CreateDatabase", "glue:GetDatabase"], [default])

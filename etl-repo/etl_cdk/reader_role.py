"""The role for people who query the lake's tables, from this account or others, and change nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from deployment_account.names import QUERY_RESULTS, Shared
from deployment_account.permissions import allow
from etl_cdk.glue_job_permissions import keys_of
from etl_cdk.query_workgroup import LAYERS

if TYPE_CHECKING:
    from aws_cdk import aws_s3 as s3

    from deployment_account.environments import Environment
    from deployment_account.readers import Layer, Readers
    from etl_cdk.infra_imports import InfraImports

SESSION = cdk.Duration.hours(1)
"""AWS's limit for a session that another role's session takes, as all readers do."""
IN_WORKGROUP = (
    *(f"athena:BatchGet{what}" for what in ("NamedQuery", "QueryExecution")),
    *(f"athena:Get{what}" for what in ("NamedQuery", "QueryExecution", "WorkGroup")),
    *(f"athena:GetQuery{what}" for what in ("Results", "ResultsStream", "RuntimeStatistics")),
    *(f"athena:{verb}QueryExecution" for verb in ("Start", "Stop")),
    "athena:ListNamedQueries",
)
"""Without listing executions: whoever knows the id of a query gets its results, and nobody guesses an id."""
IN_CATALOG_OF_ATHENA = ("GetDataCatalog", "GetDatabase", "GetTableMetadata", "ListDatabases", "ListTableMetadata")
CHOICES = ("athena:ListDataCatalogs", "athena:ListWorkGroups")
"""The first calls of the console."""
CATALOG = ("BatchGetPartition", "GetDatabase", "GetDatabases", "GetPartition", "GetPartitions", "GetTable", "GetTables")
BY_ATHENA = {"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}
"""Athena writes results with the caller's rights; without Athena a reader can neither change nor list results."""
BUCKETS: Mapping[Layer, Shared] = {
    "raw": Shared.RAW_BUCKET,
    "conformed": Shared.CONFORMED_BUCKET,
    "purpose_built": Shared.PURPOSE_BUILT_BUCKET,
}


@dataclass(frozen=True)
class Readable:
    """The resources that readers may read."""

    infra: InfraImports
    workgroup: str
    raw_databases: Sequence[str]
    """Patterns and names of the databases whose tables are in the raw bucket."""

    def databases(self, layer: Layer) -> Sequence[str]:
        """The databases of a layer; the keys of their tables begin with their names."""
        return self.raw_databases if layer == "raw" else [self.infra.names.taxi(LAYERS[layer])]


class ReaderRole(Construct):
    """A role that queries in one workgroup and reads the tables of the configured layers.

    It carries no tag that opens a bucket, and its sessions take none: whoever may take it may not tag them.
    """

    def __init__(
        self, scope: Construct, id_: str, *, readers: Readers, organization: str | None, readable: Readable
    ) -> None:
        super().__init__(scope, id_)
        conditions = _conditions(readers, organization)
        principals = [iam.ArnPrincipal(arn).with_conditions(conditions) for arn in readers.principals]
        self.role = iam.Role(
            self,
            "Role",
            role_name=readable.infra.names.reader_role,
            description="Queries the tables of the lake and changes nothing",
            assumed_by=iam.CompositePrincipal(*principals),
            max_session_duration=SESSION,
        )
        self._allow_queries(readable.workgroup)
        bucket = readable.infra.bucket
        self._allow_results(bucket(Shared.ATHENA_RESULTS_BUCKET))
        databases = {layer: names for layer in readers.layers if (names := readable.databases(layer))}
        for layer, names in databases.items():
            self._allow_tables(bucket(BUCKETS[layer]), names)
        self._allow_catalog([name for names in databases.values() for name in names])
        by_s3 = {"StringEquals": {"kms:ViaService": f"s3.{cdk.Stack.of(self).region}.amazonaws.com"}}
        key = readable.infra.data_key.key_arn
        allow(self.role, ["kms:Decrypt", "kms:GenerateDataKey"], [key], conditions=by_s3)

    @classmethod
    def of(cls, scope: Construct, environment: Environment, *, readable: Readable) -> ReaderRole | None:
        """The role of an environment that has readers."""
        if environment.readers is None:
            return None
        return cls(
            scope, "Reader", readers=environment.readers, organization=environment.organization, readable=readable
        )

    def _allow_queries(self, workgroup: str) -> None:
        allow(self.role, IN_WORKGROUP, [self._arn("athena", f"workgroup/{workgroup}")])
        actions = [f"athena:{action}" for action in IN_CATALOG_OF_ATHENA]
        allow(self.role, actions, [self._arn("athena", "datacatalog/AwsDataCatalog")])
        allow(self.role, CHOICES, ["*"], because="Athena knows no resource where it lists workgroups and catalogs.")

    def _allow_results(self, results: s3.IBucket) -> None:
        allow(self.role, ["s3:GetBucketLocation"], [results.bucket_arn])
        objects, because = [results.arn_for_objects(f"{QUERY_RESULTS}*")], "Athena names results by the id of a query."
        allow(self.role, ["s3:GetObject"], objects, because=because)
        writing = ["s3:AbortMultipartUpload", "s3:PutObject"]
        allow(self.role, writing, objects, because=because, conditions=BY_ATHENA)
        allow(self.role, ["s3:ListMultipartUploadParts"], objects, because=because, conditions=BY_ATHENA)
        listing = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
        allow(self.role, listing, [results.bucket_arn], conditions=BY_ATHENA)

    def _allow_tables(self, bucket: s3.IBucket, databases: Sequence[str]) -> None:
        """Listing is unconditional: whoever may list prefixes only gets 403, not 404, for the HEAD of a missing key."""
        files = [bucket.arn_for_objects(key) for database in databases for key in _below(database)]
        allow(self.role, ["s3:GetObject"], files, because="The files of a lake table are named by the table format.")
        for action in ("s3:GetBucketLocation", "s3:ListBucket"):
            allow(self.role, [action], [bucket.bucket_arn])

    def _allow_catalog(self, databases: Sequence[str]) -> None:
        """Athena also reads the database `default`, for every query."""
        named = [f"{kind}/{name}{end}" for name in databases for kind, end in (("database", ""), ("table", "/*"))]
        allow(
            self.role,
            [f"glue:{action}" for action in CATALOG],
            [self._arn("glue", resource) for resource in ("catalog", *named)],
            because="The jobs make the tables of their databases, and the manifests name databases.",
        )
        allow(self.role, ["glue:GetDatabase"], [self._arn("glue", "database/default")])

    def _arn(self, service: str, resource: str) -> str:
        return cdk.Stack.of(self).format_arn(service=service, resource=resource)


def _below(database: str) -> Iterator[str]:
    """The keys of a database's tables; the bare key of a database is none."""
    yield from (key for key in keys_of(database) if key.endswith("*"))


def _conditions(readers: Readers, organization: str | None) -> dict[str, Any]:
    """Conditions on the caller that takes the role; its sessions later count as principals of this account."""
    conditions: dict[str, Any] = {}
    if organization:
        conditions["StringEquals"] = {"aws:PrincipalOrgID": organization}
    if readers.require_mfa:
        conditions["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    return conditions

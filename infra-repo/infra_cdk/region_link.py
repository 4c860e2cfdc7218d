"""The stack that links the storage of one Region of an environment with that of its other Region."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from deployment_account.names import LANDING, RAW_RULE, STAGING_RULE, Partner, Shared, published_secret
from deployment_account.revision import UNKNOWN_REVISION, Revision
from deployment_account.shared_values import publish
from infra_cdk.link_function import PATIENCE, LinkFunction
from infra_cdk.region_roles import RegionRoles, partner_region
from infra_cdk.replication_pause import ReplicationPause
from infra_cdk.replication_role import KeyOfRegion, LinkedBucket, ReplicationRole

if TYPE_CHECKING:
    from constructs import Construct

    from deployment_account.environments import Environment
    from deployment_account.names import Names

PARAMETERS: Mapping[str, Shared] = {
    "DataKey": Shared.DATA_KEY_ARN,
    "Raw": Shared.RAW_BUCKET,
    "SecretsKey": Shared.SECRETS_KEY_ARN,
    "Staging": Shared.STAGING_BUCKET,
}
"""What a Region has to know of itself and of the other, by its name in attributes."""
RULES: Mapping[str, str] = {"Staging": STAGING_RULE, "Raw": RAW_RULE}
PREFIXES: Mapping[str, str] = {"Staging": "", "Raw": LANDING}
"""The tables beside the taxi files in the raw bucket are made by each Region itself."""


class RegionLinkStack(cdk.Stack):
    """Replicates landed files, and the primary's secrets, into the other Region.

    It is deployed after the storage and the secrets of both Regions: S3 takes no rule whose destination is missing.
    The rule cannot be a property of the bucket for the same reason: in a first deployment one of the two buckets is
    always missing. CloudFormation leaves alone what a bucket's template has never named, and each deployment calls the
    function again, which sets a rule that is gone.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        environment: Environment,
        secrets: Mapping[str, str],
        revision: Revision = UNKNOWN_REVISION,
    ) -> None:
        super().__init__(
            scope,
            id_,
            env=cdk.Environment(account=environment.account, region=environment.region),
            description="Link of the data lake's Region with its other Region",
            termination_protection=environment.is_protected,
        )
        roles = RegionRoles.of(names, environment)
        if roles is None:
            raise ValueError(f"{environment.name} has one Region only")
        self._names, self._revision = names, revision
        self._partner = partner_region(environment)
        self._function = LinkFunction(self, "Link", role_name=roles.linker, log_days=environment.retention.log_days)
        replicas = sorted(secrets) if environment.is_secondary else []
        self._found = self._names_of_both(replicas)
        linked = {
            name: LinkedBucket(self._own(name), self._theirs(name), PREFIXES[name]) for name in ("Staging", "Raw")
        }
        self.replicator = ReplicationRole(
            self,
            "Replicator",
            role_name=roles.replicator,
            buckets=list(linked.values()),
            key=KeyOfRegion(self._own("DataKey"), self.region),
            replica_key=KeyOfRegion(self._theirs("DataKey"), self._partner),
        )
        self._replicate(linked)
        if secrets and not environment.is_secondary:
            self._replicate_secrets(sorted(secrets))
        if not environment.is_protected:
            ReplicationPause(
                self, "Pause", names=names, buckets=[each.arn for each in linked.values()], partner=self._partner
            )
        values: dict[str, str] = {
            Partner.STAGING_BUCKET: self._theirs("Staging"),
            Partner.RAW_BUCKET: self._theirs("Raw"),
        }
        for name in replicas:
            values[published_secret(name)] = self._found.get_att_string(f"Replica{_attribute(name)}")
        publish(self, names, values)

    def _names_of_both(self, secrets: list[str]) -> cdk.CustomResource:
        own = {name: self._names.parameter(value) for name, value in PARAMETERS.items()}
        theirs = {_attribute(name): self._names.parameter(published_secret(name)) for name in secrets}
        read = [(region, name) for region in (self.region, self._partner) for name in own.values()]
        read += [(self._partner, name) for name in theirs.values()]
        self._function.may_read_parameters([self._parameter_arn(region, name) for region, name in read])
        properties = {"Region": self.region, "PartnerRegion": self._partner, "Parameters": own, "Secrets": theirs}
        # not asked for by every deployment: roles and policies that name what is found would seem to change each time
        found = self._resource("Names", "Custom::RegionNames", properties)
        found.node.add_dependency(self._function.role)
        return found

    def _own(self, name: str) -> str:
        return self._found.get_att_string(f"Own{name}")

    def _theirs(self, name: str) -> str:
        return self._found.get_att_string(f"Partner{name}")

    def _replicate(self, linked: Mapping[str, LinkedBucket]) -> None:
        arns = [bucket.arn for bucket in linked.values()]
        own_account = {"StringEquals": {"aws:ResourceAccount": self.account}}
        to_s3 = {"StringEquals": {"iam:PassedToService": "s3.amazonaws.com"}}
        right = self._function.may(
            "MayReplicate",
            [
                iam.PolicyStatement(
                    actions=["s3:GetReplicationConfiguration", "s3:PutReplicationConfiguration"],
                    resources=arns,
                    conditions=own_account,
                ),
                iam.PolicyStatement(actions=["iam:PassRole"], resources=[self.replicator.role_arn], conditions=to_s3),
            ],
        )
        for name, bucket in linked.items():
            properties = {
                "Account": self.account,
                "Bucket": bucket.name,
                "DestinationBucket": bucket.destination,
                "DestinationKey": self._theirs("DataKey"),
                "Prefix": bucket.prefix,
                "Role": self.replicator.role_arn,
                "RuleId": RULES[name],
                "Deployed": self._revision.commit,
            }
            made = self._resource(f"{name}Replication", "Custom::BucketReplication", properties)
            made.node.add_dependency(right, self.replicator)

    def _replicate_secrets(self, secrets: list[str]) -> None:
        """Keys open to the function by Secrets Manager alone, for what it replicates."""
        names = [self._names.secret(name) for name in secrets]
        via = [f"secretsmanager.{region}.amazonaws.com" for region in (self.region, self._partner)]
        actions = ("DescribeSecret", "RemoveRegionsFromReplication", "ReplicateSecretToRegions")
        right = self._function.may(
            "MayReplicateSecrets",
            [
                iam.PolicyStatement(
                    actions=[f"secretsmanager:{action}" for action in actions],
                    # Secrets Manager ends the ARN of a secret with a hyphen and six characters of its own
                    resources=[self._arn("secretsmanager", f"secret:{name}-??????", self.region) for name in names],
                ),
                iam.PolicyStatement(
                    actions=["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
                    resources=[self._own("SecretsKey"), self._theirs("SecretsKey")],
                    conditions={"StringEquals": {"kms:ViaService": via}},
                ),
            ],
        )
        properties = {
            "Names": names,
            "ReplicaRegion": self._partner,
            "ReplicaKey": self._theirs("SecretsKey"),
            "Deployed": self._revision.commit,
        }
        made = self._resource("SecretReplicas", "Custom::SecretReplicas", properties)
        made.node.add_dependency(right)

    def _resource(self, id_: str, type_: str, properties: Mapping[str, object]) -> cdk.CustomResource:
        return cdk.CustomResource(
            self,
            id_,
            service_token=self._function.function.function_arn,
            resource_type=type_,
            properties=dict(properties),
            service_timeout=PATIENCE,
        )

    def _parameter_arn(self, region: str, name: str) -> str:
        return self._arn("ssm", f"parameter{name}", region)

    def _arn(self, service: str, resource: str, region: str) -> str:
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"


def _attribute(secret: str) -> str:
    """The name of a secret as attributes can have it; two secrets never get the same one."""
    return "".join(part.capitalize() for part in secret.split("-"))

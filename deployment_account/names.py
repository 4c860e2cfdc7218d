"""Names that stacks and people share: SSM paths, names of tables, tags, prefixes in buckets."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from deployment_account.environments import STACK_NAME_IN_A_ROLE_NAME, Environment, Platform
from deployment_account.qualifiers import qualifier_of


class Shared(StrEnum):
    """A value that the infra stage publishes for whatever runs in the environment."""

    DATA_KEY_ARN = "kms/data-key-arn"
    SECRETS_KEY_ARN = "kms/secrets-key-arn"
    STAGING_BUCKET = "buckets/staging"
    RAW_BUCKET = "buckets/raw"
    CONFORMED_BUCKET = "buckets/conformed"
    PURPOSE_BUILT_BUCKET = "buckets/purpose-built"
    CONFIG_BUCKET = "buckets/config"
    ACCESS_LOG_BUCKET = "buckets/access-logs"
    ATHENA_RESULTS_BUCKET = "buckets/athena-results"
    VPC_ID = "network/vpc-id"
    PRIVATE_SUBNET_IDS = "network/private-subnet-ids"
    GLUE_SECURITY_GROUP_ID = "network/glue-security-group-id"
    FUNCTION_SECURITY_GROUP_ID = "network/function-security-group-id"
    REPLICATION_SECURITY_GROUP_ID = "network/replication-security-group-id"
    SECRETS_ENDPOINT = "network/secrets-endpoint"


class Partner(StrEnum):
    """A value that the infra stage publishes about an environment's other Region."""

    STAGING_BUCKET = "partner/buckets/staging"
    RAW_BUCKET = "partner/buckets/raw"


class Odp(StrEnum):
    """A value that the etl stage publishes about the operational data processing framework."""

    STATE_MACHINE_ARN = "odp/state-machine-arn"
    FILE_MANAGER_FUNCTION = "odp/functions/file-manager"
    SWEEP_FUNCTION = "odp/functions/sweep"
    BATCH_MANAGER_FUNCTION = "odp/functions/batch-manager"
    CONFIG_MANAGER_FUNCTION = "odp/functions/config-manager"
    CONFIG_MANAGER_QUEUE_URL = "odp/queues/config-manager"
    CONFIG_MANAGER_DEAD_LETTER_QUEUE_URL = "odp/queues/config-manager-dead-letters"
    FILE_MANAGER_QUEUE_URL = "odp/queues/file-manager"
    FILE_MANAGER_DEAD_LETTER_QUEUE_URL = "odp/queues/file-manager-dead-letters"
    ALERTS_TOPIC_ARN = "odp/alerts-topic-arn"


class OdpTable(StrEnum):
    """A DynamoDB table of the framework, by the name that users of the reference framework know."""

    FILE_TRACKER = "odpf_file_tracker"
    FILE_TRACKER_HISTORY = "odpf_file_tracker_history"
    FILE_PROCESSING_TRACKER = "odpf_file_processing_tracker"
    FILE_PROCESSING_TRACKER_HISTORY = "odpf_file_processing_tracker_history"
    BATCH_CONFIG = "odpf_batch_config"
    RAW_TABLE_CONFIG = "odpf_raw_table_config"
    CONFIG_DEPLOY_TRACKER = "odpf_config_deploy_tracker"
    QUARANTINE = "odpf_quarantine"

    @property
    def published_name(self) -> str:
        """The SSM name under which the table's physical name is published."""
        return f"odp/tables/{self}"


class Taxi(StrEnum):
    """A value that the etl stage publishes about the NYC taxi flow."""

    STATE_MACHINE_ARN = "taxi/state-machine-arn"
    AUDIT_TABLE = "taxi/audit-table"
    LANDING_FUNCTION = "taxi/functions/landing"
    BUNDLES_FUNCTION = "taxi/functions/bundles"
    SWEEP_FUNCTION = "taxi/functions/sweep"
    LANDING_QUEUE_URL = "taxi/queues/landing"
    LANDING_DEAD_LETTER_QUEUE_URL = "taxi/queues/landing-dead-letters"
    TOPIC_ARN = "taxi/topic-arn"
    ATHENA_WORKGROUP = "taxi/athena-workgroup"
    CONFORMED_DATABASE = "taxi/databases/conformed"
    PURPOSE_BUILT_DATABASE = "taxi/databases/purpose-built"


class Reading(StrEnum):
    """A value that the etl stage publishes for readers, where there are any."""

    ROLE_ARN = "readers/role-arn"


class TaxiName(StrEnum):
    """Names of the NYC taxi flow that people type."""

    FLOW = "taxi_flow"
    CONFORMED_JOB = "taxi_raw_to_conformed"
    PURPOSE_BUILT_JOB = "taxi_conformed_to_purpose_built"
    AUDIT_TABLE = "taxi_audit"
    CONFORMED_DATABASE = "nyc_taxi_conformed"
    PURPOSE_BUILT_DATABASE = "nyc_taxi_purpose_built"
    WORKGROUP = "nyc_taxi"


PLANS = "odp/plans/"
"""The prefix in the config bucket for plans of executions, which expire after some days."""
CONFIGURATION = "odp/configuration/"
"""The prefix in the config bucket for manifests of deployments, which the Configuration Manager applies."""
BUNDLES = "taxi/bundles/"
"""The prefix in the config bucket for bundles of the taxi flow and their outcomes, which expire after some days."""
LANDING = "nyc-taxi/"
"""The prefix in the raw bucket into which people upload: the files of the NYC taxi flow."""
STAGING_RULE, RAW_RULE = "LandedFiles", "TaxiFiles"
"""The rules by which S3 replicates the staging bucket and the taxi files, as metrics name them."""
QUERY_RESULTS = "query-results/"
"""The prefix of a workgroup's results, each named by its query's id, and of tables without a location of their own.

Results expire after some days; tables below `tables/` do not.
"""
LAKE_TAG = "odp:lake"
"""The tag of all resources of a lake's stacks; policies separate the keys and networks of teams by it."""
FLOW_LOGS = "vpc-flow-logs"
"""The prefix of VPC flow logs in the bucket of access logs."""
DATA_WRITER_TAG = "odp:data-writer"
"""The tag of roles that may replace and delete files of the lake where deletion is denied to others."""

PRIVATE_NETWORK_TAG = "odp:private-network"
"""The tag of roles of jobs and functions in the private subnets; buckets admit them from there only."""


def published_secret(name: str) -> str:
    """The SSM name under which the ARN of a secret is published."""
    return f"secrets/{name}"


def published_replication(source: str) -> str:
    """The SSM name under which the ARN of a source's replication is published."""
    return f"replication/{source}"


def stopped_replication(source: str) -> str:
    """The SSM name by which a pipeline remembers that it has stopped a source's replication."""
    return f"replication-stopped/{source}"


def published_schedule(cadence: str) -> str:
    """The SSM name under which a schedule's physical name is published."""
    return f"odp/schedules/{cadence}"


@dataclass(frozen=True)
class Names:
    """The names of one environment of one platform in one Region.

    Both Regions of an environment use the same names, except for stages with their stacks, and for what AWS holds once
    in an account or in the world: those have the Region in their names in the secondary. The primary's never change.
    """

    platform: str
    environment: str
    resource_prefix: str = ""
    secondary_region: str = ""
    """The Region, if it is the secondary one."""

    @classmethod
    def of(cls, platform: Platform, environment: Environment) -> Names:
        """The names that an environment of a platform uses in its Region."""
        secondary_region = environment.region if environment.is_secondary else ""
        return cls(platform.name, environment.name, environment.resource_prefix, secondary_region)

    def stage(self, component: str) -> str:
        """A component of an environment; its pipeline and, in the primary Region, its stage have this name."""
        return f"{self.prefix}{component}"

    def stage_id(self, component: str) -> str:
        """The CDK stage of a component in this Region; the stacks in it are named <stage>-<stack>."""
        return self._once(self.stage(component))

    def _once(self, name: str) -> str:
        """A name that CDK holds once in an app, or AWS once in an account or in the world."""
        return f"{name}-{self.secondary_region}" if self.secondary_region else name

    def roles(self, component: str) -> str:
        """The pattern of the names that CloudFormation makes up for the roles of a component."""
        return f"{self.stage(component)}-"[:STACK_NAME_IN_A_ROLE_NAME] + "*"

    def pipeline_stack(self, component: str) -> str:
        """The stack of a component's pipeline, which deploys to both Regions."""
        return f"{self.stage(component)}-Pipeline"

    def access_log_bucket(self, account: str) -> str:
        """The name of the access-log bucket, which other stacks than its own use, too."""
        return self._once(f"{self.prefix}access-logs-{account}")

    @property
    def prefix(self) -> str:
        """The beginning of this environment's stack names, which no other environment's names have."""
        return f"{self.platform}-{self.environment}-"

    @property
    def generated(self) -> str:
        """The pattern of the names of this environment's stacks, and of all that CloudFormation names after them."""
        return f"{self.prefix}*"

    @property
    def qualifier(self) -> str:
        """The qualifier in the names of this environment's bootstrap: at most ten letters and digits."""
        return qualifier_of(self.platform, self.environment)

    @property
    def toolkit_stack(self) -> str:
        """The stack of this environment's bootstrap; no role that it makes may change it."""
        return f"CDKToolkit-{self.lake}"

    @property
    def pipeline_boundary(self) -> str:
        """The permissions boundary of this environment's roles in the account of its pipelines."""
        return f"{self.lake}-pipeline-boundary"

    @property
    def policies(self) -> str:
        """The beginning of the names of CloudFormation's policies in this Region."""
        return self._once(self.lake)

    @property
    def approver_policy(self) -> str:
        """The policy of the people who approve what this environment's pipelines deploy."""
        return f"{self.lake}-approver"

    def parameter(self, value: str) -> str:
        """The SSM parameter under which a value (Shared, Odp, Taxi, a table's or a schedule's name) is published."""
        return f"/{self.platform}/{self.environment}/{value}"

    @property
    def lake(self) -> str:
        """The id of this lake in metrics and tags; jobs of one lake cannot delete from another."""
        return f"{self.platform}-{self.environment}"

    @property
    def backup_vault(self) -> str:
        """The vault of a protected environment's backups."""
        return f"{self.prefix}backups"

    @property
    def reader_role(self) -> str:
        """The role of those who query tables: named, because they type it, and unlike the roles that write tables."""
        return self._once(f"{self.prefix}reader")

    def replication(self, source: str) -> str:
        """The name of a source's replication, which its ARN, alarms and events have for ever."""
        return f"{self.prefix}{source}"

    def replication_arn(self, source: str, environment: Environment) -> str:
        """The ARN of a source's replication, whose end the template chooses: known before it is deployed."""
        kind = "task" if environment.sources[source].replication.kind == "instance" else "replication-config"
        return f"arn:aws:dms:{environment.region}:{environment.account}:{kind}:{self.replication(source)}"

    def replication_role(self, source: str) -> str:
        """The role by which DMS writes a source's files: named, because protected buckets except it by its name."""
        return self._once(f"{self.prefix}dms-{source}")

    @property
    def replication_operator(self) -> str:
        """The role by which the pipeline stops and starts replications: named, because two accounts know it."""
        return self._once(f"{self.prefix}replication-operator")

    @property
    def replication_step(self) -> str:
        """The role of the builds that take the operator role: named, because that admits no other.

        The pipeline has one for both Regions.
        """
        return f"{self.prefix}replication-step"

    def secret(self, name: str) -> str:
        """The name of a secret, by which people and scripts set its value."""
        return f"{self.platform}/{self.environment}/{name}"

    def glue_job(self, name: str) -> str:
        """The physical name of a Glue job that batch configurations call by this name."""
        return f"{self.resource_prefix}{name}"

    def connection(self, zone: str) -> str:
        """The physical name of the Glue connection by which jobs run in the private subnet of a zone."""
        return f"{self.resource_prefix}odpf_private_{zone}"

    def database(self, name: str) -> str:
        """The physical name of a Data Catalog database that table manifests call by this name."""
        return f"{self.resource_prefix}{name}"

    def table(self, table: OdpTable) -> str:
        """The physical name of a DynamoDB table."""
        return f"{self.resource_prefix}{table}"

    def taxi(self, name: TaxiName) -> str:
        """The physical name of a part of the NYC taxi flow."""
        return f"{self.resource_prefix}{name}"

    @property
    def region_table(self) -> str:
        """The physical name of the global table that says which Region is active, the same in both Regions."""
        return f"{self.resource_prefix}odpf_region"

    @property
    def data_key_alias(self) -> str:
        """The alias of the key of the data, by which the other Region's roles know it; only where there are two."""
        return f"alias/{self.lake}-data"

    @property
    def state_machine(self) -> str:
        """The physical name of the file processor's state machine."""
        return f"{self.resource_prefix}odpf_file_processor"

    @property
    def security_configuration(self) -> str:
        """The physical name of the encryption settings of the Glue jobs."""
        return f"{self.resource_prefix}odpf_file_processor"

    def schedule(self, cadence: str) -> str:
        """The physical name of a cadence's schedule."""
        return f"{self.resource_prefix}odpf_file_processor_{cadence}"

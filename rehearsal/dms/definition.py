"""A replication as the templates define it: source, target, mappings, settings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from pydantic import Field

from rehearsal.dms.endpoints import S3Settings, SourceEndpoint, read_source, read_target
from rehearsal.dms.replication_settings import ReplicationSettings
from rehearsal.dms.setting_model import DmsSettingError, Settings
from rehearsal.dms.table_mappings import TableMappings

ReplicationType = Literal["full-load", "cdc", "full-load-and-cdc"]


class _Config(Settings):
    """AWS::DMS::ReplicationConfig."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "ReplicationConfigIdentifier": "a name",
        "ResourceIdentifier": "the end of an ARN",
        "SourceEndpointArn": "the endpoint itself is given",
        "TargetEndpointArn": "the endpoint itself is given",
        "ComputeConfig": "capacity, network and maintenance of DMS",
        "Tags": "they are for people and bills",
    }
    REFUSED: ClassVar[Mapping[str, str]] = {"SupplementalSettings": "the rehearsal knows none"}

    replication_type: ReplicationType
    table_mappings: Any
    replication_settings: Any = Field(default_factory=dict)


@dataclass(frozen=True)
class ReplicationDefinition:
    """What a replication is to do."""

    source: SourceEndpoint
    target: S3Settings
    mappings: TableMappings
    settings: ReplicationSettings
    replication_type: ReplicationType = "full-load-and-cdc"

    @property
    def stops_at_large_values(self) -> bool:
        """Whether the source endpoint says so, whatever the policies of the replication are."""
        postgres = self.source.postgre_sql_settings
        return bool(postgres and postgres.fail_tasks_on_lob_truncation)

    @classmethod
    def read(cls, source: Mapping[str, Any], target: Mapping[str, Any], config: Mapping[str, Any]) -> Self:
        """Read the properties of two AWS::DMS::Endpoint and one AWS::DMS::ReplicationConfig, without intrinsics."""
        read = _Config.read(config, "ReplicationConfig")
        endpoint = read_source(source)
        group = "ReplicationSettings"
        settings = ReplicationSettings.read(_object(read.replication_settings, group), group)
        policy = settings.change_processing_ddl_handling_policy
        if policy.handle_source_table_dropped and endpoint.postgre_sql_settings:
            raise DmsSettingError(
                f"{group}.ChangeProcessingDdlHandlingPolicy.HandleSourceTableDropped is true, DMS's default: the log "
                "of PostgreSQL has no DROP TABLE, and the rehearsal has no event trigger in the source; switch it off"
            )
        mappings = TableMappings(_object(read.table_mappings, "TableMappings"))
        return cls(endpoint, read_target(target).s3_settings, mappings, settings, read.replication_type)


def of_task(task: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of an AWS::DMS::ReplicationTask as those of a ReplicationConfig."""
    names = {
        "MigrationType": "ReplicationType",
        "ReplicationTaskSettings": "ReplicationSettings",
        "ReplicationTaskIdentifier": "ReplicationConfigIdentifier",
        "ReplicationInstanceArn": "ComputeConfig",
    }
    return {names.get(name, name): value for name, value in task.items()}


def _object(value: Any, name: str) -> Mapping[str, Any]:  # noqa: ANN401 - whatever the template has
    """A task has its mappings and settings as text, a serverless replication as objects."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise DmsSettingError(f"{name} is no JSON: {error}") from error
    if not isinstance(value, Mapping):
        raise DmsSettingError(f"{name} is no JSON object")
    return value

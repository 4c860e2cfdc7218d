"""Reads AWS::DMS::Endpoint: where the stand-in reads, where it writes, and what its files look like."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from rehearsal.dms.setting_model import Settings

MYSQL_ENGINES = ("mysql", "mariadb", "aurora")
POSTGRES_ENGINES = ("postgres", "aurora-postgresql")


def _as_cloudformation(value: Any) -> Any:  # noqa: ANN401 - checked by the field's type
    """The API says `parquet-2-0` and `sse-kms` where CloudFormation says PARQUET_2_0 and SSE_KMS."""
    return value.upper().replace("-", "_") if isinstance(value, str) else value


_Spelled = BeforeValidator(_as_cloudformation)
_CSV_ONLY = "it shapes CSV files, and the framework reads Parquet"


class S3Settings(Settings):
    """The settings of an endpoint on S3, with DMS's own defaults."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "EncodingType": "readers of Parquet read every encoding",
        "DictPageSizeLimit": "readers of Parquet read every encoding",
        "DataPageSize": "readers of Parquet read pages of every size",
    }
    REFUSED: ClassVar[Mapping[str, str]] = {
        "CdcInsertsOnly": "updates and deletes would reach no file, so the lake would keep what the source removed",
        "CdcInsertsAndUpdates": "deletes would reach no file, so the lake would keep what the source removed",
        "PreserveTransactions": "DMS then writes CSV into CdcPath, where the framework looks for no file",
        "CdcPath": "changes would land outside the folder of their table",
        "AddTrailingPaddingCharacter": "texts would differ from the source",
        "GlueCatalogGeneration": "DMS would make tables in the Data Catalog, which is the lake's",
        "CannedAclForObjects": "the bucket's owner is enforced, which refuses every ACL",
        "DatePartitionTimezone": "names of change files would run backwards when the clocks change",
        "CompressionType": "whether the key of a compressed Parquet file ends in .parquet is not documented",
        "ExternalTableDefinition": "it describes files that DMS reads",
        "AddColumnName": _CSV_ONLY,
        "CsvDelimiter": _CSV_ONLY,
        "CsvRowDelimiter": _CSV_ONLY,
        "CsvNullValue": _CSV_ONLY,
        "CsvNoSupValue": _CSV_ONLY,
        "UseCsvNoSupValue": _CSV_ONLY,
        "IgnoreHeaderRows": _CSV_ONLY,
        "Rfc4180": _CSV_ONLY,
    }

    bucket_name: str = Field(min_length=1)
    bucket_folder: str = ""
    service_access_role_arn: str = ""
    expected_bucket_owner: str = ""
    encryption_mode: Annotated[Literal["SSE_S3", "SSE_KMS"], _Spelled] = "SSE_S3"
    server_side_encryption_kms_key_id: str = ""
    data_format: Literal["csv", "parquet"] = "csv"
    parquet_version: Annotated[Literal["PARQUET_1_0", "PARQUET_2_0"], _Spelled] = "PARQUET_1_0"
    parquet_timestamp_in_millisecond: bool = False
    enable_statistics: bool = True
    row_group_length: int = Field(10_024, gt=0)
    include_op_for_full_load: bool = False
    timestamp_column_name: str = ""
    use_task_start_time_for_full_load_timestamp: bool = False
    date_partition_enabled: bool = False
    date_partition_sequence: Literal["YYYYMMDD", "YYYYMMDDHH", "YYYYMM", "MMYYYYDD", "DDMMYYYY"] = "YYYYMMDD"
    date_partition_delimiter: Literal["SLASH", "DASH", "UNDERSCORE", "NONE"] = "SLASH"
    cdc_max_batch_interval: int = Field(60, ge=0)
    """The most seconds of changes in one file."""
    cdc_min_file_size: int = Field(32_000, ge=0)
    """The kilobytes at which a file of changes is written before its seconds are over."""
    max_file_size: int = Field(1_048_576, ge=1)
    """The kilobytes at which a part of a full load is written."""

    @model_validator(mode="after")
    def _is_parquet(self) -> Self:
        if self.data_format != "parquet":
            raise ValueError("DataFormat is csv, DMS's default: the framework reads Parquet only")
        if self.encryption_mode == "SSE_KMS" and not self.server_side_encryption_kms_key_id:
            raise ValueError("EncryptionMode is SSE_KMS, which needs ServerSideEncryptionKmsKeyId")
        return self


class TargetEndpoint(Settings):
    """An endpoint to which DMS writes."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "EndpointIdentifier": "a name",
        "ResourceIdentifier": "the end of an ARN",
        "Tags": "they are for people and bills",
        "SslMode": "S3 is spoken to by TLS in any case",
    }

    endpoint_type: Literal["target"]
    engine_name: Literal["s3"]
    s3_settings: S3Settings = Field(alias="S3Settings")


_CLEAR_TEXT = (
    "the connection is taken from the secret; DMS refuses both, and a password does not belong into a template"
)


_CREDENTIALS = dict.fromkeys(("Password", "Username", "ServerName", "Port"), _CLEAR_TEXT)
_NO_SCRIPTS = "the rehearsal runs no script of a template in the source"


class SourceSettings(Settings):
    """What the settings of every source have."""

    secrets_manager_secret_id: str = Field(min_length=1)
    secrets_manager_access_role_arn: str = Field(min_length=1)

    @property
    def poll_seconds(self) -> int:
        """How often the stand-in looks into the log of a source that is idle."""
        return 1


class MySqlSettings(SourceSettings):
    """The settings of an endpoint on MySQL or MariaDB."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "TargetDbType": "of targets only",
        "ParallelLoadThreads": "of targets only",
        "MaxFileSize": "of targets only",
        "CleanSourceMetadataOnMismatch": "DMS's own cache of metadata",
    }
    REFUSED: ClassVar[Mapping[str, str]] = _CREDENTIALS | {
        "AfterConnectScript": _NO_SCRIPTS,
        "SkipTableSuspensionForPartitionDdl": "the rehearsal has no partitioned source tables",
    }

    server_timezone: Literal["", "UTC"] = ""
    """TIMESTAMPs are written in UTC, and the rehearsal's server lives in UTC."""
    events_poll_interval: int = Field(5, gt=0)
    """How often DMS looks into the log of a source that is idle, in seconds."""

    @property
    def poll_seconds(self) -> int:
        """As the template says."""
        return self.events_poll_interval


class PostgreSqlSettings(SourceSettings):
    """The settings of an endpoint on PostgreSQL."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "HeartbeatEnable": "the stand-in confirms an idle log, so the source can remove it without a heartbeat",
        "HeartbeatFrequency": "there is no heartbeat",
        "HeartbeatSchema": "there is no heartbeat",
        "CaptureDdls": "the stand-in creates no trigger in the source; docs/source.md says what it misses",
        "DdlArtifactsSchema": "the stand-in creates nothing in the source",
        "ExecuteTimeout": "how long DMS waits for a statement",
        "MaxFileSize": "of targets only",
    }
    REFUSED: ClassVar[Mapping[str, str]] = _CREDENTIALS | {
        "DatabaseName": "the endpoint itself names the database",
        "AfterConnectScript": _NO_SCRIPTS,
        "SlotName": "the stand-in creates a slot of its own, as DMS does without this setting",
        "BabelfishDatabaseName": "the rehearsal's server has no Babelfish",
        "MapJsonbAsClob": "how DMS writes it to S3 is not documented",
    }

    map_boolean_as_boolean: bool = False
    """Without, a BOOLEAN is the text true or false."""
    trim_space_in_char: bool = True
    """Whether CHAR(n) loses the spaces at its end."""
    fail_tasks_on_lob_truncation: bool = False
    """Whether a value that is larger than LobMaxSize stops the replication."""
    plugin_name: Annotated[Literal["NO_PREFERENCE", "TEST_DECODING"], _Spelled] = "NO_PREFERENCE"
    """Without pglogical in the source, DMS takes test_decoding."""
    database_mode: Literal["default"] = "default"
    map_long_varchar_as: Literal["wstring"] = "wstring"


class SourceEndpoint(Settings):
    """An endpoint from which DMS reads."""

    WITHOUT_EFFECT: ClassVar[Mapping[str, str]] = {
        "EndpointIdentifier": "a name",
        "ResourceIdentifier": "the end of an ARN",
        "Tags": "they are for people and bills",
        "SslMode": "the rehearsal's database listens on the loopback address only",
        "CertificateArn": "the rehearsal's database listens on the loopback address only",
        "KmsKeyId": "encrypts clear-text connection data, of which there is none",
    }
    REFUSED: ClassVar[Mapping[str, str]] = _CREDENTIALS

    endpoint_type: Literal["source"]
    engine_name: str
    database_name: str = ""
    my_sql_settings: MySqlSettings | None = None
    postgre_sql_settings: PostgreSqlSettings | None = None
    extra_connection_attributes: str = ""

    @model_validator(mode="before")
    @classmethod
    def _is_known(cls, given: Any) -> Any:  # noqa: ANN401 - checked by the fields' types
        """An engine has settings of its own, and only PostgreSQL has databases above schemas."""
        engine = given.get("EngineName") if isinstance(given, Mapping) else None
        known = (*MYSQL_ENGINES, *POSTGRES_ENGINES)
        if engine not in known:
            raise ValueError(f"EngineName is {engine}: the rehearsal reads {', '.join(known)}")
        is_postgres = engine in POSTGRES_ENGINES
        names = ["MySqlSettings", "PostgreSqlSettings"]
        if [bool(given.get(name)) for name in names] != [not is_postgres, is_postgres]:
            raise ValueError(f"EngineName is {engine}, so {names[is_postgres]} is all that it has")
        if bool(given.get("DatabaseName")) != is_postgres:
            raise ValueError("DatabaseName is of postgres, which needs it; other engines have schemas only")
        return given

    @property
    def settings(self) -> SourceSettings:
        """The settings of the engine."""
        settings = self.my_sql_settings or self.postgre_sql_settings
        assert settings  # noqa: S101 - as validated
        return settings

    @model_validator(mode="after")
    def _attributes_say_how_secrets_are_reached(self) -> Self:
        for attribute in filter(None, self.extra_connection_attributes.split(";")):
            if attribute.partition("=")[0] != "secretsManagerEndpointOverride":
                raise ValueError(f"ExtraConnectionAttributes: {attribute} is not known to the rehearsal")
        return self


def read_target(properties: Mapping[str, Any]) -> TargetEndpoint:
    """Read the properties of a target endpoint."""
    return TargetEndpoint.read(properties, "Target")


def read_source(properties: Mapping[str, Any]) -> SourceEndpoint:
    """Read the properties of a source endpoint."""
    return SourceEndpoint.read(properties, "Source")

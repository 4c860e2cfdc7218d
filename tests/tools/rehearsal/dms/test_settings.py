"""What templates may say: settings that are not known, or lose data, are refused with a sentence."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from rehearsal.dms.definition import ReplicationDefinition, of_task
from rehearsal.dms.replication import Retries
from rehearsal.dms.setting_model import DmsSettingError
from rehearsal.dms.source_errors import ReplicationFailedError, SourceLostError
from tests.tools.rehearsal.dms.databases import (
    POSTGRES_SOURCE,
    S3,
    SETTINGS,
    SOURCE,
    added,
    before_images,
    numbered,
    selection,
    transformation,
    usual_rules,
)

Properties = dict[str, Any]


def properties() -> tuple[Properties, Properties, Properties]:
    config = {
        "ReplicationType": "full-load-and-cdc",
        "TableMappings": numbered(usual_rules("shop")),
        "ReplicationSettings": SETTINGS,
    }
    parts = SOURCE, {"EndpointType": "target", "EngineName": "s3", "S3Settings": S3}, config
    copied: tuple[Properties, Properties, Properties] = tuple(json.loads(json.dumps(part)) for part in parts)
    return copied


def read(change: Callable[[Properties, Properties, Properties], object]) -> ReplicationDefinition:
    source, target, config = properties()
    change(source, target, config)
    return ReplicationDefinition.read(source, target, config)


def with_s3(**settings: Any) -> ReplicationDefinition:
    return read(lambda _, target, __: target["S3Settings"].update(settings))


def with_settings(group: str, **settings: Any) -> ReplicationDefinition:
    return read(lambda _, __, config: config["ReplicationSettings"].setdefault(group, {}).update(settings))


def with_rules(*rules: Properties) -> ReplicationDefinition:
    return read(lambda _, __, config: config.update(TableMappings=numbered([selection("shop"), *rules])))


def test_defaults_are_those_of_dms() -> None:
    definition = read(lambda *_: None)
    assert (definition.target.cdc_max_batch_interval, definition.target.cdc_min_file_size) == (60, 32_000)
    assert definition.target.max_file_size == 1_048_576
    assert definition.settings.full_load_settings.target_table_prep_mode == "DO_NOTHING"
    without = read(lambda _, __, config: config["ReplicationSettings"].pop("FullLoadSettings"))
    assert without.settings.full_load_settings.target_table_prep_mode == "DROP_AND_CREATE"


def test_names_are_taken_as_the_api_and_as_cloudformation_spell_them() -> None:
    assert with_s3(ParquetVersion="PARQUET_2_0").target == with_s3(ParquetVersion="parquet-2-0").target
    mode = {"ServerSideEncryptionKmsKeyId": "key"}
    assert with_s3(EncryptionMode="SSE_KMS", **mode).target == with_s3(EncryptionMode="sse-kms", **mode).target


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"NoSuchSetting": 1}, r"Target\.S3Settings\.NoSuchSetting is not known to the rehearsal"),
        ({"CdcInsertsOnly": True}, "CdcInsertsOnly is True: updates and deletes would reach no file"),
        ({"CdcInsertsAndUpdates": True}, "deletes would reach no file"),
        ({"PreserveTransactions": True, "CdcPath": "x"}, "PreserveTransactions is True: DMS then writes CSV"),
        ({"CompressionType": "gzip"}, "key of a compressed Parquet file"),
        ({"CannedAclForObjects": "private"}, "refuses every ACL"),
        ({"DatePartitionTimezone": "Asia/Kolkata"}, "run backwards when the clocks change"),
        ({"DataFormat": "csv"}, "DataFormat is csv, DMS's default"),
        ({"EncryptionMode": "sse-kms"}, "needs ServerSideEncryptionKmsKeyId"),
        ({"CdcMaxBatchInterval": "soon"}, "CdcMaxBatchInterval.*'soon'"),
        ({"DatePartitionSequence": "YYYY"}, "DatePartitionSequence.*'YYYY'"),
    ],
)
def test_a_setting_of_s3_that_is_unknown_or_loses_data_is_refused(settings: Properties, sentence: str) -> None:
    with pytest.raises(DmsSettingError, match=sentence):
        with_s3(**settings)


def test_without_a_data_format_dms_would_write_csv() -> None:
    with pytest.raises(DmsSettingError, match="DataFormat is csv"):
        read(lambda _, target, __: target["S3Settings"].pop("DataFormat"))


@pytest.mark.parametrize("settings", [{"CdcInsertsOnly": False}, {"CompressionType": "none"}, {"DataPageSize": 9}])
def test_what_is_switched_off_or_changes_no_file_is_accepted(settings: Properties) -> None:
    assert with_s3(**settings).target == read(lambda *_: None).target


@pytest.mark.parametrize(
    ("group", "settings", "sentence"),
    [
        ("TargetMetadata", {"FullLobMode": True}, "no full LOB mode to S3"),
        ("TargetMetadata", {"BatchApplyEnabled": True}, "histories lose versions"),
        ("TargetMetadata", {"SupportLobs": False}, "no file has the columns of large values"),
        ("FullLoadSettings", {"StopTaskCachedChangesApplied": True}, "no change would follow"),
        ("ChangeProcessingDdlHandlingPolicy", {"HandleSourceTableAltered": False}, "HandleSourceTableAltered"),
        ("ErrorBehavior", {"DataErrorPolicy": "LOG_ERROR"}, "DataErrorPolicy is LOG_ERROR, DMS's default, which loses"),
        ("ErrorBehavior", {"DataTruncationErrorPolicy": "IGNORE_RECORD"}, "IGNORE_RECORD, which loses rows"),
        ("ControlTablesSettings", {"StatusTableEnabled": True}, "awsdms_"),
        ("ValidationSettings", {"EnableValidation": True}, "by Athena"),
        ("BeforeImageSettings", {"EnableBeforeImage": True}, "add-before-image-columns"),
        ("ErrorBehavior", {"Unheard": 1}, r"ReplicationSettings\.ErrorBehavior\.Unheard is not known"),
        ("UnheardSettings", {}, r"ReplicationSettings\.UnheardSettings is not known"),
    ],
)
def test_a_task_setting_that_is_unknown_or_loses_data_is_refused(
    group: str, settings: Properties, sentence: str
) -> None:
    with pytest.raises(DmsSettingError, match=sentence):
        with_settings(group, **settings)


@pytest.mark.parametrize("group", ["ErrorBehavior", "TargetMetadata"])
def test_defaults_that_lose_data_are_refused_if_a_group_is_left_out(group: str) -> None:
    with pytest.raises(DmsSettingError, match=r"LOG_ERROR, DMS's default|large values"):
        read(lambda _, __, config: config["ReplicationSettings"].pop(group))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"Password": "secret"}, "the connection is taken from the secret"),
        ({"EngineName": "oracle"}, "EngineName is oracle: the rehearsal reads mysql, mariadb"),
        ({"ExtraConnectionAttributes": "a=b"}, "a=b is not known"),
        ({"MySqlSettings": {"SecretsManagerSecretId": "s"}}, "SecretsManagerAccessRoleArn"),
        ({"DatabaseName": "shop"}, "DatabaseName is of postgres"),
        ({"PostgreSqlSettings": {"SecretsManagerSecretId": "s"}}, "EngineName is mariadb, so MySqlSettings is all"),
        ({"Nothing": 1}, r"Source\.Nothing is not known"),
    ],
)
def test_a_source_that_the_rehearsal_cannot_follow_is_refused(settings: Properties, sentence: str) -> None:
    with pytest.raises(DmsSettingError, match=sentence):
        read(lambda source, _, __: source.update(settings))


def with_postgres(settings: Properties | None = None, **endpoint: Any) -> ReplicationDefinition:
    def change(source: Properties, *_: object) -> None:
        source.clear()
        own = POSTGRES_SOURCE["PostgreSqlSettings"] | (settings or {})
        source.update(POSTGRES_SOURCE | {"PostgreSqlSettings": own} | endpoint)

    return read(change)


def test_the_settings_of_postgres_are_read_with_dmss_defaults() -> None:
    found = with_postgres().source.postgre_sql_settings
    assert found
    assert (found.map_boolean_as_boolean, found.trim_space_in_char) == (True, True)
    assert not with_postgres().stops_at_large_values
    assert with_postgres({"FailTasksOnLobTruncation": True}).stops_at_large_values
    harmless = {"HeartbeatEnable": True, "CaptureDdls": False, "PluginName": "no-preference", "ExecuteTimeout": 9}
    assert with_postgres(harmless).source.postgre_sql_settings == found
    assert with_postgres(EngineName="aurora-postgresql", SslMode="require").source.database_name == "source"


@pytest.mark.parametrize(
    ("settings", "endpoint", "sentence"),
    [
        ({"Nothing": 1}, {}, r"PostgreSqlSettings\.Nothing is not known"),
        ({"SlotName": "mine"}, {}, "SlotName is 'mine': the stand-in creates a slot of its own"),
        ({"PluginName": "pglogical"}, {}, "PluginName.*'PGLOGICAL'"),
        ({"AfterConnectScript": "SELECT 1"}, {}, "no script of a template"),
        ({"Password": "secret"}, {}, "the connection is taken from the secret"),
        ({"MapJsonbAsClob": True}, {}, "not documented"),
        ({}, {"DatabaseName": ""}, "DatabaseName is of postgres, which needs it"),
        ({}, {"EngineName": "mysql"}, "EngineName is mysql, so MySqlSettings is all that it has"),
        ({}, {"MySqlSettings": {"ServerTimezone": ""}}, "EngineName is postgres, so PostgreSqlSettings is all"),
    ],
)
def test_a_postgres_that_the_rehearsal_cannot_follow_is_refused(
    settings: Properties, endpoint: Properties, sentence: str
) -> None:
    with pytest.raises(DmsSettingError, match=sentence):
        with_postgres(settings, **endpoint)


def test_files_of_dropped_tables_are_removed_only_where_the_log_has_the_drop() -> None:
    def change(source: Properties, _: object, config: Properties) -> None:
        source.clear()
        source.update(POSTGRES_SOURCE)
        config["ReplicationSettings"]["ChangeProcessingDdlHandlingPolicy"].pop("HandleSourceTableDropped")

    with pytest.raises(DmsSettingError, match="HandleSourceTableDropped is true, DMS's default: the log of PostgreSQL"):
        read(change)


def test_the_way_to_the_secret_is_accepted() -> None:
    attributes = "secretsManagerEndpointOverride=vpce-1.secretsmanager.us-east-1.vpce.amazonaws.com"
    assert read(lambda source, _, __: source.update(ExtraConnectionAttributes=attributes, SslMode="require"))


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ({"rule-type": "table-settings", "parallel-load": {}}, "rule-type table-settings is refused: parallel loads"),
        (selection("%"), "mysql.user with its hashes"),
        (selection("shop") | {"filters": [{"filter-type": "source"}]}, "rows that a filter leaves out"),
        (selection("shop", action="explicit"), "rule-action.*'explicit'"),
        (transformation("remove-column", "shop"), "rule-action remove-column is not known"),
        (transformation("rename", "shop", "column", value="x"), "no columns"),
        (transformation("rename", "shop", "table"), "rename needs value"),
        (added("shop", "x", "$AR_H_USER"), "AR_H_USER"),
        (added("shop", "x", "$AR_H_TIMESTAMP"), "is no string"),
        (
            added("shop", "x", "$AR_H_CHANGE_SEQ") | {"data-type": {"type": "string", "length": 20}},
            "35 characters, so its end would be lost",
        ),
        (before_images("shop", **{"column-prefix": ""}), "must tell the former value from the present one"),
        (before_images("shop", **{"column-filter": "some"}), "column-filter"),
    ],
)  # fmt: skip
def test_a_rule_that_is_unknown_or_loses_data_is_refused(rule: Properties, sentence: str) -> None:
    with pytest.raises(DmsSettingError, match=sentence):
        with_rules(rule)


def test_two_rules_of_one_number_are_refused() -> None:
    rules = [selection("shop") | {"rule-id": "1", "rule-name": name} for name in "ab"]
    with pytest.raises(DmsSettingError, match="two rules have the rule-id 1"):
        read(lambda _, __, config: config.update(TableMappings={"rules": rules}))


def test_a_task_says_the_same_in_text() -> None:
    source, target, config = properties()
    task = {
        "MigrationType": config["ReplicationType"],
        "TableMappings": json.dumps(config["TableMappings"]),
        "ReplicationTaskSettings": json.dumps(config["ReplicationSettings"]),
        "SourceEndpointArn": "s",
        "TargetEndpointArn": "t",
        "ReplicationInstanceArn": "i",
    }
    found = ReplicationDefinition.read(source, target, of_task(task))
    expected = ReplicationDefinition.read(source, target, config)
    assert (found.settings, found.target) == (expected.settings, expected.target)
    assert found.mappings.selects("shop", "any")


def seconds(attempts: int, **settings: Any) -> list[float]:
    retries = Retries(with_settings("ErrorBehavior", **settings))
    return [retries.seconds_after(SourceLostError("gone")) for _ in range(attempts)]


def test_a_lost_source_is_tried_again_as_the_settings_say() -> None:
    goes_on = {"RecoverableErrorStopRetryAfterThrottlingMax": False}
    assert seconds(4, RecoverableErrorInterval=5, RecoverableErrorThrottlingMax=15, **goes_on) == [5, 10, 15, 15]
    assert seconds(3, RecoverableErrorInterval=5, RecoverableErrorThrottling=False) == [5, 5, 5]
    with pytest.raises(ReplicationFailedError, match="does not answer, after 3 attempts: gone"):
        seconds(3, RecoverableErrorCount=2)
    with pytest.raises(ReplicationFailedError, match="after 2 attempts"):
        seconds(2, RecoverableErrorThrottlingMax=10, RecoverableErrorInterval=5)

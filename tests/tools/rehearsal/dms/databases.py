"""Databases of their own for tests, their replications, and an oracle that shares no code with the stand-in."""

import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from psycopg.rows import dict_row
from pymysql.cursors import DictCursor

from rehearsal.dms.definition import ReplicationDefinition
from rehearsal.dms.replication import Replication
from rehearsal.source.mariadb.server import MariaDbServer
from rehearsal.source.postgres.server import DATABASE, PostgresServer
from rehearsal.source.server import DatabaseServer

slow_on_postgres = pytest.mark.parametrize(
    "either", ["mariadb", pytest.param("postgres", marks=pytest.mark.slow)], indirect=True
)
on_one_engine = pytest.mark.parametrize("either", ["mariadb"], indirect=True)
_SECRET = {"SecretsManagerSecretId": "source", "SecretsManagerAccessRoleArn": "arn:aws:iam::1:role/secret"}
SOURCE: dict[str, Any] = {"EndpointType": "source", "EngineName": "mariadb", "MySqlSettings": _SECRET}
POSTGRES_SOURCE: dict[str, Any] = {
    "EndpointType": "source",
    "EngineName": "postgres",
    "DatabaseName": DATABASE,
    "PostgreSqlSettings": _SECRET | {"MapBooleanAsBoolean": True},
}
S3 = {
    "BucketName": "staging",
    "DataFormat": "parquet",
    "ParquetVersion": "parquet-2-0",
    "IncludeOpForFullLoad": True,
    "DatePartitionEnabled": True,
}
SETTINGS: dict[str, Any] = {
    "TargetMetadata": {"SupportLobs": True, "LimitedSizeLobMode": True, "LobMaxSize": 64},
    "FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"},
    "ChangeProcessingDdlHandlingPolicy": {"HandleSourceTableTruncated": False, "HandleSourceTableDropped": False},
    "ErrorBehavior": {
        "DataErrorPolicy": "SUSPEND_TABLE",
        "DataTruncationErrorPolicy": "SUSPEND_TABLE",
        "RecoverableErrorInterval": 0,
    },
}


def selection(schema: str, table: str = "%", action: str = "include") -> dict[str, Any]:
    locator = {"schema-name": schema, "table-name": table}
    return {"rule-type": "selection", "rule-action": action, "object-locator": locator}


def transformation(action: str, schema: str, target: str = "column", **more: Any) -> dict[str, Any]:
    locator = {"schema-name": schema} | ({} if target == "schema" else {"table-name": "%"})
    if target == "column" and action.startswith("convert"):
        locator["column-name"] = "%"
    return {
        "rule-type": "transformation",
        "rule-action": action,
        "rule-target": target,
        "object-locator": locator,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


def added(schema: str, name: str, expression: str, type_: str = "string") -> dict[str, Any]:
    length = {"length": 50} if type_ == "string" else {"precision": 7}
    return transformation("add-column", schema, value=name, expression=expression, data_type={"type": type_} | length)


def before_images(schema: str, **more: str) -> dict[str, Any]:
    image = {"column-prefix": "BI_", "column-suffix": "", "column-filter": "pk-only"} | more
    return transformation("add-before-image-columns", schema, before_image_def=image)


def numbered(rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"rules": [{"rule-id": str(n), "rule-name": str(n)} | rule for n, rule in enumerate(rules, start=1)]}


def usual_rules(schema: str) -> list[dict[str, Any]]:
    return [selection(schema), added(schema, "SEQUENCE", "$AR_H_CHANGE_SEQ"), before_images(schema)]


class MemorySink:
    """Keeps files by key; a change file never replaces another."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.keys: list[str] = []

    def put(self, key: str, body: bytes) -> None:
        assert "LOAD" in key or key not in self.files, f"{key} is written over"
        self.files[key] = body
        self.keys.append(key)

    def remove(self, prefix: str) -> None:
        for key in [key for key in self.files if key.startswith(prefix)]:
            del self.files[key]

    def of(self, text: str) -> list[str]:
        return [key for key in self.files if text in key]

    def table(self, key: str) -> pa.Table:
        return pq.read_table(io.BytesIO(self.files[key]))

    def rows(self, text: str, *, loads: bool | None = None) -> list[dict[str, Any]]:
        keys = [key for key in self.of(text) if loads is None or loads == ("LOAD" in key)]
        return [row for key in keys for row in self.table(key).to_pylist()]


def lake_rows(files: dict[str, bytes], folder: str, key: Sequence[str] = ("id",)) -> dict[Any, dict[str, Any]]:
    """Apply the files of a table in the order of their names: the rows that a right lake shows, by key."""
    names = sorted(
        (name for name in files if name.startswith(folder)),
        key=lambda name: ("LOAD" not in name, name.rpartition("/")[2]),
    )
    rows: dict[Any, dict[str, Any]] = {}
    for name in names:
        for row in pq.read_table(io.BytesIO(files[name])).to_pylist():
            operation = row.pop("Op", "I")
            old = tuple(row.get(f"BI_{part}") for part in key)
            new = tuple(row[part] for part in key)
            if operation == "U" and None not in old and old != new:
                rows.pop(old, None)
            if operation == "D":
                rows.pop(new, None)
            else:
                rows[new] = {k: v for k, v in row.items() if not k.startswith("BI_") and k != "SEQUENCE"}
    return rows


class Database:
    """A schema of a server, and what is needed to replicate it."""

    SOURCE: dict[str, Any]
    MOMENT: str
    """A type of times to the microsecond."""

    def __init__(self, server: DatabaseServer, schema: str, folder: Path) -> None:
        self.server = server
        self.schema = schema
        self._folder = folder
        self._folders = itertools.count()
        self.create()

    def create(self) -> None:
        raise NotImplementedError

    def drop(self) -> None:
        raise NotImplementedError

    def connect(self, **options: Any) -> Any:
        raise NotImplementedError

    def rows(self, table: str, key: Sequence[str] = ("id",)) -> dict[Any, dict[str, Any]]:
        raise NotImplementedError

    def series(self, last: int) -> str:
        """What has a column seq with the numbers from 1."""
        raise NotImplementedError

    def upserts(self, table: str, key: int, other: int, columns: Sequence[str], values: str) -> list[str]:
        """Statements that insert a row if there is none, replace one, increment its last column, and change a key."""
        raise NotImplementedError

    def end_of_log(self) -> tuple[str, int]:
        raise NotImplementedError

    def run(self, *statements: str, **options: Any) -> None:
        connection = self.connect(**options)
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def definition(
        self,
        rules: Sequence[dict[str, Any]] | None = None,
        s3: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
        kind: str = "full-load-and-cdc",
        source: dict[str, Any] | None = None,
    ) -> ReplicationDefinition:
        config = {
            "ReplicationType": kind,
            "TableMappings": numbered(usual_rules(self.schema) if rules is None else rules),
            "ReplicationSettings": {
                name: SETTINGS.get(name, {}) | (settings or {}).get(name, {}) for name in {*SETTINGS, *(settings or {})}
            },
        }
        target = {"EndpointType": "target", "EngineName": "s3", "S3Settings": S3 | (s3 or {})}
        return ReplicationDefinition.read(source or self.SOURCE, target, config)

    def folder(self) -> Path:
        return self._folder / str(next(self._folders))

    def replication(self, sink: MemorySink, folder: Path | None = None, **changes: Any) -> Replication:
        return Replication(self.definition(**changes), self.server.connection(), sink, folder or self.folder())

    def assert_lake_is_source(self, files: dict[str, bytes], *tables: str, key: Sequence[str] = ("id",)) -> None:
        for table in tables:
            expected = self.rows(table, key)
            found = lake_rows(files, f"{self.schema}/{table}/", key)
            columns = {name for row in expected.values() for name in row}
            shown = {key: {name: row.get(name) for name in columns} for key, row in found.items()}
            assert shown == expected, table


class MariaDatabase(Database):
    """A database of MariaDB, where schema and database are one."""

    SOURCE, MOMENT = SOURCE, "DATETIME(6)"
    server: MariaDbServer

    def create(self) -> None:
        self.run(f"CREATE DATABASE `{self.schema}`", database=None)

    def drop(self) -> None:
        self.run(f"DROP DATABASE `{self.schema}`", database=None)

    def connect(self, **options: Any) -> Any:
        return self.server.connect(**{"database": self.schema, "autocommit": True, "charset": "utf8mb4", **options})

    def rows(self, table: str, key: Sequence[str] = ("id",)) -> dict[Any, dict[str, Any]]:
        connection = self.connect(cursorclass=DictCursor)
        with connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM `{table}`")
            return {tuple(row[part] for part in key): row for row in cursor.fetchall()}

    def series(self, last: int) -> str:
        return f"seq_1_to_{last}"

    def upserts(self, table: str, key: int, other: int, columns: Sequence[str], values: str) -> list[str]:
        into = f"INTO {table} (id, {', '.join(columns)}) VALUES ({key}, {values})"
        return [
            f"INSERT IGNORE {into}",
            f"REPLACE {into}",
            f"INSERT {into} ON DUPLICATE KEY UPDATE {columns[-1]} = {columns[-1]} + 1",
            f"UPDATE IGNORE {table} SET id = {other} WHERE id = {key}",
        ]

    def end_of_log(self) -> tuple[str, int]:
        connection = self.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SHOW MASTER STATUS")
            row = cursor.fetchone() or ("", 0)
            return row[0], int(row[1])


class PostgresDatabase(Database):
    """A schema of PostgreSQL; the slots of all schemas are those of one database."""

    SOURCE, MOMENT = POSTGRES_SOURCE, "TIMESTAMP(6)"
    server: PostgresServer

    def create(self) -> None:
        self.run(f'CREATE SCHEMA "{self.schema}"')

    def drop(self) -> None:
        self.run(
            f'DROP SCHEMA "{self.schema}" CASCADE',
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active",
        )

    def connect(self, **options: Any) -> Any:
        given = {"autocommit": True, "options": f"-c search_path={self.schema} -c timezone=UTC", **options}
        return self.server.connect(**given)

    def rows(self, table: str, key: Sequence[str] = ("id",)) -> dict[Any, dict[str, Any]]:
        with self.connect(row_factory=dict_row) as connection:
            rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
        return {tuple(row[part] for part in key): row for row in rows}

    def series(self, last: int) -> str:
        return f"generate_series(1, {last}) AS seq"

    def upserts(self, table: str, key: int, other: int, columns: Sequence[str], values: str) -> list[str]:
        insert = f"INSERT INTO {table} (id, {', '.join(columns)}) VALUES ({key}, {values}) ON CONFLICT"
        taken = f"SELECT 1 FROM {table} WHERE id = {other}"
        return [
            f"{insert} DO NOTHING",
            f"{insert} (id) DO UPDATE SET ({', '.join(columns)}) = ROW({values})",
            f"{insert} (id) DO UPDATE SET {columns[-1]} = {table}.{columns[-1]} + 1",
            f"UPDATE {table} SET id = {other} WHERE id = {key} AND NOT EXISTS ({taken})",
        ]

    def end_of_log(self) -> tuple[str, int]:
        with self.connect() as connection:
            row = connection.execute("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn").fetchone()
            assert row
            return "", int(row[0])

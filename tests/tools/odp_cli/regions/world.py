"""An environment in two Regions as the command reaches it: moto's DynamoDB, small stand-ins of the other services.

Nothing is replicated by itself. Time passes only when the command sleeps, and then what was written reaches the other
Region if no Region is cut off.
"""
# ruff: noqa: N803 - parameters are named as the API names them

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from odp.configuration import item_of
from odp_cli.app import app
from typer.testing import CliRunner, Result

from tests.tools.odp_cli.operate.conftest import PLATFORM
from tests.unit.odp.samples import batch_config, table_config

EAST, WEST = "us-east-1", "us-west-2"
ENV, ACCOUNT = "test", "333333333333"
CALLER = f"arn:aws:iam::{ACCOUNT}:user/anna"
REGIONS = "odpf_region"
KEYS = {
    "odpf_file_tracker": ("source_table_name", "file_id"),
    "odpf_file_tracker_history": ("source_table_name", "file_id"),
    "odpf_file_processing_tracker": ("raw_table_name",),
    "odpf_batch_config": ("refresh_cadence",),
    "odpf_raw_table_config": ("refresh_cadence", "source_table_name"),
    "odpf_config_deploy_tracker": ("source_table_name", "deployed_at"),
    "odpf_quarantine": ("quarantine_kind", "entry_id"),
    REGIONS: ("region_kind", "entry_id"),
}
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem")


class Killed(BaseException):
    """The process of the command ends here."""


def no_such(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "there is none"}}, operation)


@dataclass
class Dms:
    """One serverless replication that takes some seconds to stop."""

    world: World
    status: str = "running"
    calls: list[str] = field(default_factory=list)
    stops_at: float = 0.0
    seconds_to_stop: float = 12.0

    def settled(self) -> str:
        if self.status == "stopping" and self.world.seconds >= self.stops_at:
            self.status = "stopped"
        return self.status

    def describe_replications(self, Filters: list[Any]) -> dict[str, Any]:
        assert Filters
        known = self.settled() != "created"
        return {"Replications": [{"Status": self.status}] if known else []}

    def describe_replication_table_statistics(self, ReplicationConfigArn: str) -> dict[str, Any]:
        assert ReplicationConfigArn
        return {"ReplicationTableStatistics": []}

    def stop_replication(self, ReplicationConfigArn: str) -> None:
        assert ReplicationConfigArn
        if self.settled() != "running":
            raise no_such("InvalidResourceStateFault", "StopReplication")
        self.calls.append("stop")
        self.status, self.stops_at = "stopping", self.world.seconds + self.seconds_to_stop

    def start_replication(self, ReplicationConfigArn: str, StartReplicationType: str) -> None:
        assert ReplicationConfigArn
        allowed = {"created": ("start-replication",), "stopped": ("resume-processing", "reload-target")}
        if StartReplicationType not in allowed.get(self.settled(), ()):
            raise no_such("InvalidResourceStateFault", "StartReplication")
        self.calls.append(StartReplicationType)
        self.status = "running"


class Parameters:
    """SSM of one Region."""

    class exceptions:  # noqa: N801 - as boto3 names it
        class ParameterNotFound(ClientError):  # noqa: N818 - as boto3 names it
            pass

    def __init__(self, region: str) -> None:
        side = "east" if region == EAST else "west"
        self.values = {
            f"/odp/{ENV}/buckets/staging": f"staging-{side}",
            f"/odp/{ENV}/buckets/raw": f"raw-{side}",
            f"/odp/{ENV}/odp/queues/file-manager": f"queue-{side}",
            f"/odp/{ENV}/odp/queues/file-manager-dead-letters": f"dead-letters-{side}",
            f"/odp/{ENV}/replication/default": f"arn:aws:dms:{region}:{ACCOUNT}:replication-config:odp-{ENV}-default",
        }

    def get_parameter(self, Name: str) -> dict[str, Any]:
        if Name not in self.values:
            raise self.exceptions.ParameterNotFound({"Error": {"Code": "ParameterNotFound"}}, "GetParameter")
        return {"Parameter": {"Value": self.values[Name]}}

    def delete_parameter(self, Name: str) -> None:
        if not self.values.pop(Name, ""):
            raise self.exceptions.ParameterNotFound({"Error": {"Code": "ParameterNotFound"}}, "DeleteParameter")


@dataclass
class Buckets:
    """S3 of one Region: the versions in its staging bucket, and the replication of its buckets."""

    region: str
    versions: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        here, there = ("east", "west") if self.region == EAST else ("west", "east")
        self.rules: dict[str, list[dict[str, Any]]] = {
            f"{name}-{here}": [
                {
                    "Status": "Enabled",
                    "Filter": {"Prefix": prefix},
                    "Destination": {"Bucket": f"arn:aws:s3:::{name}-{there}"},
                }
            ]
            for name, prefix in (("staging", ""), ("raw", "nyc-taxi/"))
        }

    def get_bucket_replication(self, Bucket: str) -> dict[str, Any]:
        if not self.rules[Bucket]:
            raise no_such("ReplicationConfigurationNotFoundError", "GetBucketReplication")
        return {"ReplicationConfiguration": {"Rules": self.rules[Bucket]}}

    def head_object(self, Bucket: str, Key: str, VersionId: str) -> dict[str, Any]:
        assert Bucket.startswith("staging")
        if (Key, VersionId) not in self.versions:
            raise no_such("404", "HeadObject")
        return {}

    def list_object_versions(self, Bucket: str, Prefix: str, KeyMarker: str = "", **_: str) -> dict[str, Any]:
        """List two keys in a page, the last version of a key in `versions` as its newest."""
        assert (Bucket[:7], Prefix) == ("staging", "")
        keys = sorted({key for key, _ in self.versions if key > KeyMarker})
        landed = datetime(2026, 12, 1, 0, 5, tzinfo=UTC)
        found = [
            {"Key": key, "VersionId": version, "IsLatest": version == max(self._of(key)), "ETag": '"e"', "Size": 10}
            for key in keys[:2]
            for version in self._of(key)
        ]
        page = {"Versions": [each | {"LastModified": landed} for each in found], "IsTruncated": len(keys) > 2}
        return page | ({"NextKeyMarker": keys[1], "NextVersionIdMarker": "x"} if len(keys) > 2 else {})

    def _of(self, key: str) -> list[str]:
        return sorted((version for each, version in self.versions if each == key), reverse=True)


@dataclass
class Queue:
    """The queue of events of landed files, and that of events that could not be registered."""

    messages: int = 0
    dead_letters: int = 0

    def get_queue_attributes(self, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:
        count = {"queue": self.messages, "dead-letters": self.dead_letters}[QueueUrl.rpartition("-")[0]]
        return {"Attributes": dict(zip(AttributeNames, (str(count), "0"), strict=True))}


class Session:
    """A session in one Region; everything that it makes fails while the Region is cut off."""

    def __init__(self, world: World, region: str) -> None:
        self._world, self._region = world, region

    def client(self, service: str, config: Config | None = None) -> Any:
        return Reached(self._world, self._region, self._world.services[self._region][service])

    def resource(self, service: str, config: Config | None = None) -> Any:
        assert service == "dynamodb"
        return self._world.dynamodb[self._region]


class Reached:
    """A client whose calls reach the Region or not, and at whose writes the command may be killed."""

    _CHANGES = ("delete_parameter", "stop_replication", "start_replication")

    def __init__(self, world: World, region: str, service: Any) -> None:
        self._world, self._region, self._service = world, region, service

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._service, name)
        if not callable(found) or isinstance(found, type):
            return found

        def call(**arguments: Any) -> Any:
            self._world.pass_through(self._region)
            if name not in self._CHANGES:
                return found(**arguments)
            self._world.count_write()
            answer = found(**arguments)
            self._world.count_write()
            return answer

        return call


_CREATED: dict[str, Any] = {}
"""Tables and configuration of each Region, as the first test of a process made them by requests."""
_CURRENT: list[World] = []


@cache
def connected(region: str) -> Any:
    """Connect to moto's DynamoDB of a Region, whose world hears of each call of the command."""
    made = boto3.resource("dynamodb", region_name=region, config=Config(retries={"total_max_attempts": 1}))

    def before(params: dict[str, Any], model: Any, **_: Any) -> None:
        _CURRENT[0].hear(region, model.name, str(params.get("TableName", "")))

    def after(model: Any, **_: Any) -> None:
        if model.name in WRITES and not _CURRENT[0].is_test:
            _CURRENT[0].count_write()

    made.meta.client.meta.events.register("before-parameter-build.dynamodb", before)
    made.meta.client.meta.events.register("after-call.dynamodb", after)
    return made


def create_tables(made: Any) -> None:
    for table, keys in KEYS.items():
        made.create_table(
            TableName=table,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
            BillingMode="PAY_PER_REQUEST",
        )


@dataclass
class World:
    """Both Regions."""

    folder: Path
    seconds: float = 0.0
    cut: set[str] = field(default_factory=set)
    silent: set[tuple[str, str]] = field(default_factory=set)
    """Tables of a Region that refuse; an AccessDenied of a role with too few rights."""
    writes: int = 0
    dies_at: int = -1
    on_sleep: list[Callable[[], None]] = field(default_factory=list)
    replicates: bool = True

    def __post_init__(self) -> None:
        self.dynamodb = {region: connected(region) for region in (EAST, WEST)}
        _CURRENT[:] = [self]
        self.dms = {EAST: Dms(self), WEST: Dms(self, "created")}
        self.parameters = {region: Parameters(region) for region in (EAST, WEST)}
        self.s3 = {region: Buckets(region) for region in (EAST, WEST)}
        self.queue = {region: Queue() for region in (EAST, WEST)}
        self.account = ACCOUNT
        sts = SimpleNamespace(get_caller_identity=lambda: {"Arn": CALLER, "Account": self.account})
        self.services = {
            region: {
                "dms": self.dms[region],
                "ssm": self.parameters[region],
                "s3": self.s3[region],
                "sqs": self.queue[region],
                "sts": sts,
            }
            for region in (EAST, WEST)
        }
        if _CREATED:
            for region, tables in _CREATED.items():
                dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables.update(copy.deepcopy(tables))
            return
        for region in (EAST, WEST):
            create_tables(self.dynamodb[region])
            self.deploy(region)
            _CREATED[region] = copy.deepcopy(dynamodb_backends[DEFAULT_ACCOUNT_ID][region].tables)

    is_test = True
    """Whether a test itself calls at this moment, not the command."""

    def hear(self, region: str, operation: str, table: str) -> None:
        if self.is_test:
            return
        self.pass_through(region)
        if (region, table) in self.silent:
            raise no_such("AccessDeniedException", operation)
        if operation in WRITES:
            self.count_write()

    def pass_through(self, region: str) -> None:
        if region in self.cut:
            raise EndpointConnectionError(endpoint_url=f"https://somewhere.{region}.example")

    def count_write(self) -> None:
        if self.writes == self.dies_at:
            self.dies_at = -1
            raise Killed
        self.writes += 1

    # the clock of the command

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        was_test, self.is_test = self.is_test, True
        try:
            self.replicate()
            for act in self.on_sleep:
                act()
        finally:
            self.is_test = was_test

    def replicate(self) -> None:
        """Bring what a replica of the global table lacks from the other one."""
        if self.cut or not self.replicates:
            return
        found = {region: self.items(region) for region in (EAST, WEST)}
        for here, there in ((EAST, WEST), (WEST, EAST)):
            for key, item in found[here].items():
                if key not in found[there]:
                    self.dynamodb[there].Table(REGIONS).put_item(Item=item)

    # what a test prepares and looks at, without the product

    def items(self, region: str) -> dict[tuple[str, str], dict[str, Any]]:
        found = self.dynamodb[region].Table(REGIONS).scan()["Items"]
        return {(item["region_kind"], item["entry_id"]): item for item in found}

    def epochs(self, region: str) -> list[tuple[int, str, bool]]:
        """The number, the active Region and whether it was planned, of each epoch that a replica has."""
        found = [item for (kind, _), item in sorted(self.items(region).items()) if kind == "epoch"]
        return [(int(item["epoch"]), item["active"], item["planned"]) for item in found]

    def epoch(self, number: int, active: str, *, region: str, by: str = "somebody", **fields: Any) -> None:
        item = {"region_kind": "epoch", "entry_id": f"{number:010d}", "format": 1, "epoch": number, "active": active}
        item |= {"at": "2026-12-01T00:00:00.000+00:00", "by": by, "reason": "drill", "planned": True, "last_seen": ""}
        self.dynamodb[region].Table(REGIONS).put_item(Item=item | fields)

    def deploy(self, region: str, commit: str = "c0ffee", tables: tuple[str, ...] = ("s.t",), number: int = 3) -> None:
        """Make a configuration the running one."""
        made = self.dynamodb[region]
        made.Table("odpf_batch_config").put_item(Item=item_of(batch_config()))
        for name in tables:
            config = table_config(source_table_name=name, raw_table_name=name.replace(".", "_"))
            made.Table("odpf_raw_table_config").put_item(Item=item_of(config))
        pointer = {"source_table_name": "configuration", "deployed_at": "running", "running": number, "begun": number}
        pointer |= {"commit": commit, "running_since": "2026-11-30T10:00:00+00:00"}
        made.Table("odpf_config_deploy_tracker").put_item(Item=pointer)

    def mark(self, name: str, table: str = "s.t", *, at: str = "2026-12-01T00:00:00Z", **fields: Any) -> str:
        """Register a file in the East as far as the West's replica shows it; returns the file's id."""
        kind = "0" if name.startswith("LOAD") else "1"
        file_id = f"{kind}/{name}/{'c' * 32}"
        item: dict[str, Any] = {
            "region_kind": f"landed#{table}",
            "entry_id": file_id,
            "bucket": "staging",
            "version_id": "v1",
        }
        item |= {"key": f"{table.replace('.', '/')}/{name}", "size": 1000, "landed_at": at, "region": EAST}
        item |= {"expires_at": 4_000_000_000, "format": 2}
        index: dict[str, Any] = {"region_kind": "landed", "entry_id": table, "format": 2}
        for one in (index, item | fields):
            self.dynamodb[WEST].Table(REGIONS).put_item(Item=one)
        return file_id

    def copy_object(self, name: str, table: str = "s.t", region: str = WEST) -> None:
        """Replicate the object of a marked file."""
        self.s3[region].versions.add((f"{table.replace('.', '/')}/{name}", "v1"))

    def file(
        self, name: str, status: str, table: str = "s.t", *, at: str = "2026-12-01T00:00:00Z", region: str = WEST
    ) -> None:
        """Have a file in a ledger: pending, applied (processed) or held."""
        kind = "0" if name.startswith("LOAD") else "1"
        item: dict[str, Any] = {
            "source_table_name": table,
            "file_id": f"{kind}/{name}/{'c' * 32}",
            "file_ingestion_date_time": at,
        }
        item |= {"file_ingestion_status": f"raw_file_{status}", "file_size": 10}
        where = "odpf_file_tracker" if status == "landed" else "odpf_file_tracker_history"
        self.dynamodb[region].Table(where).put_item(Item=item)

    def run_writes(self, table: str, region: str, until: float) -> None:
        """Have a run that writes a table until a time."""
        item = {"raw_table_name": f"db.{table.replace('.', '_')}", "lease_owner": "jr_1", "refresh_status": "updating"}
        expires = copy.copy(until)
        self.dynamodb[region].Table("odpf_file_processing_tracker").put_item(
            Item=item | {"lease_expires_at": int(expires), "fencing_token": 1}
        )

    def run_ends(self, table: str, region: str) -> None:
        key = {"raw_table_name": f"db.{table.replace('.', '_')}"}
        self.dynamodb[region].Table("odpf_file_processing_tracker").delete_item(Key=key)

    # the command line

    def platform(self) -> Path:
        document = json.loads(PLATFORM.read_text())
        database = {"engine": "mysql", "network": "10.50.3.7/32", "secret": "source-database", "tls": "none"}
        environment = document["environments"][ENV]
        environment["sources"] = {"default": {"replication": database}}
        environment["interface_endpoints"] = ["secretsmanager"]
        environment["secondary"] = {
            "region": WEST,
            "availability_zones": ["us-west-2a", "us-west-2b"],
            "vpc_cidr": "10.60.0.0/16",
            "mode": self.mode,
        }
        path = self.folder / "environments.json"
        path.write_text(json.dumps(document))
        return path

    mode = "warm"

    def odp(self, *arguments: str, answers: str = "") -> Result:
        options = ["--env", ENV, "--platform", str(self.platform())]
        self.is_test = False
        try:
            return CliRunner().invoke(app, [*arguments, *options], input=answers)
        finally:
            self.is_test = True

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        result = self.odp(*arguments, "--json")
        assert result.exit_code == code, (result.output, result.exception)
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

"""AWS DMS in the emulator: what its resources are, who may do what for them, and the processes that replicate."""

import json
import os
import re
import shutil
import sys
import threading
from typing import Any

from rehearsal.dms.definition import ReplicationDefinition, of_task
from rehearsal.dms.deployed_replication import SERVERLESS, TASK, DeployedReplication, Endpoint, Properties
from rehearsal.dms.endpoints import read_source, read_target
from rehearsal.emulator import roles
from rehearsal.emulator.child_process import ChildProcess
from rehearsal.emulator.json_api import ApiError
from rehearsal.emulator.settings import EmulatorSettings

SERVICE = "dms.amazonaws.com"
_GRACE_SECONDS = 30.0
_IDENTIFIER = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,30}")


class DmsService:
    """The endpoints and replications of all accounts; each replication is a process."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self._settings = settings
        self._endpoints: dict[str, Endpoint] = {}
        self._replications: dict[str, DeployedReplication] = {}
        self._instances: dict[str, Properties] = {}
        self._lock = threading.RLock()

    def create_endpoint(self, place: tuple[str, str], properties: Properties) -> Endpoint:
        """Check an endpoint as the stand-in reads it, with the roles that DMS takes."""
        account, region = place
        identifier = _identifier(properties)
        if properties.get("EndpointType") == "target":
            role = read_target(properties).s3_settings.service_access_role_arn
            _assume(role, SERVICE)
        else:
            role = read_source(properties).settings.secrets_manager_access_role_arn
            _assume(role, f"dms.{region}.amazonaws.com")
        endpoint = Endpoint(f"arn:aws:dms:{region}:{account}:endpoint:{identifier}", dict(properties))
        self._endpoints[endpoint.arn] = endpoint
        return endpoint

    def update_endpoint(self, arn: str, properties: Properties) -> Endpoint:
        """Change an endpoint, which DMS refuses while a replication with it runs."""
        for replication in self._replications.values():
            ends = {replication.properties.get(f"{end}EndpointArn") for end in ("Source", "Target")}
            if arn in ends and replication.status == "running":
                raise ApiError("InvalidResourceStateFault", f"{arn} is in use by the running {replication.arn}")
        return self.create_endpoint(_place(arn), properties)

    def delete_endpoint(self, arn: str) -> None:
        """Forget an endpoint."""
        self._endpoints.pop(arn, None)

    def create_instance(self, place: tuple[str, str], properties: Properties) -> str:
        """Remember an instance, on which tasks may run, and return its ARN."""
        account, region = place
        arn = f"arn:aws:dms:{region}:{account}:rep:{_identifier(properties)}"
        self._instances[arn] = dict(properties)
        return arn

    def update_instance(self, arn: str, properties: Properties) -> str:
        """Change an instance, which interrupts its tasks on AWS and does not here."""
        self._instances[arn] = dict(properties)
        return arn

    def delete_instance(self, arn: str) -> None:
        """Forget an instance, which DMS refuses while a task is on it."""
        if used := [each.arn for each in self._replications.values() if each.properties.get("ComputeConfig") == arn]:
            raise ApiError("InvalidResourceStateFault", f"{arn} has the tasks {', '.join(used)}")
        self._instances.pop(arn, None)

    def create_task(self, place: tuple[str, str], properties: Properties) -> DeployedReplication:
        """Check a task as a serverless replication, and its instance."""
        if properties["ReplicationInstanceArn"] not in self._instances:
            raise ApiError("ResourceNotFoundFault", f"there is no instance {properties['ReplicationInstanceArn']}")
        return self.create_replication(place, of_task(properties), TASK)

    def create_replication(
        self, place: tuple[str, str], properties: Properties, kind: str = SERVERLESS
    ) -> DeployedReplication:
        """Check a replication with its endpoints: a setting that the stand-in does not know is refused."""
        account, region = place
        identifier = _identifier(properties)
        arn = f"arn:aws:dms:{region}:{account}:{kind}:{identifier}"
        self._definition(properties)
        folder = self._settings.run_directory / "dms" / f"{account}-{region}-{kind}-{identifier}"
        self._replications[arn] = DeployedReplication(arn, dict(properties), folder)
        return self._replications[arn]

    def update_replication(self, arn: str, properties: Properties) -> DeployedReplication:
        """Change a replication, which DMS refuses while it runs."""
        replication = self.replication(arn)
        self._refuse_while_running(replication, "modified")
        self._definition(properties)
        replication.properties = dict(properties)
        return replication

    def delete_replication(self, arn: str) -> None:
        """Forget a replication with its checkpoint, which DMS refuses while it runs."""
        if arn in self._replications:
            self._refuse_while_running(self._replications[arn], "deleted")
            shutil.rmtree(self._replications.pop(arn).folder, ignore_errors=True)

    def replication(self, arn: str) -> DeployedReplication:
        """Find a replication by its ARN."""
        if arn not in self._replications:
            raise ApiError("ResourceNotFoundFault", f"there is no replication {arn}")
        return self._replications[arn]

    def replications(self, place: tuple[str, str], kind: str) -> list[DeployedReplication]:
        """The replications of a kind in an account and Region."""
        return [each for each in self._replications.values() if (_place(each.arn), each.kind) == (place, kind)]

    def endpoints(self, place: tuple[str, str]) -> list[Endpoint]:
        """The endpoints of an account in a Region."""
        return [each for each in self._endpoints.values() if _place(each.arn) == place]

    def start(self, arn: str, how: str) -> DeployedReplication:
        """Start a replication as DMS does: for the first time, where it stopped, or with a load of every table."""
        with self._lock:
            replication = self.replication(arn)
            if replication.status in ("running", "stopping"):
                raise ApiError("InvalidResourceStateFault", f"{arn} is {replication.status}")
            if replication.has_started == (how == "start-replication"):
                wanted = "resume-processing or reload-target" if replication.has_started else "start-replication"
                raise ApiError("InvalidResourceStateFault", f"{arn} can be started with {wanted} only")
            replication.child = self._process(replication, reload_all=how == "reload-target")
            replication.has_started, replication.is_stopping = True, False
            return replication

    def stop(self, arn: str) -> DeployedReplication:
        """Let a running replication end after what it is writing."""
        replication = self._running(arn)
        replication.is_stopping = True
        replication.tell(stop=True)
        return replication

    def reload(self, arn: str, tables: list[list[str]]) -> None:
        """Let a running replication load tables again."""
        self._running(arn).tell(reload=tables)

    def stop_all(self) -> None:
        """End every process: the emulator is stopping."""
        for replication in self._replications.values():
            if replication.child:
                replication.is_stopping = True
                replication.tell(stop=True)
        for replication in self._replications.values():
            if replication.child:
                replication.child.wait(_GRACE_SECONDS)
                replication.child.kill()

    def _running(self, arn: str) -> DeployedReplication:
        replication = self.replication(arn)
        if replication.status != "running":
            raise ApiError("InvalidResourceStateFault", f"{arn} is {replication.status}, not running")
        return replication

    @staticmethod
    def _refuse_while_running(replication: DeployedReplication, what: str) -> None:
        if replication.status in ("running", "stopping"):
            raise ApiError(
                "InvalidResourceStateFault", f"{replication.arn} is {replication.status} and cannot be {what}"
            )

    def _ends(self, properties: Properties) -> tuple[Endpoint, Endpoint]:
        for name in ("SourceEndpointArn", "TargetEndpointArn"):
            if properties[name] not in self._endpoints:
                raise ApiError("ResourceNotFoundFault", f"{name}: there is no endpoint {properties[name]}")
        return self._endpoints[properties["SourceEndpointArn"]], self._endpoints[properties["TargetEndpointArn"]]

    def _definition(self, properties: Properties) -> ReplicationDefinition:
        source, target = self._ends(properties)
        return ReplicationDefinition.read(source.properties, target.properties, properties)

    def _process(self, replication: DeployedReplication, *, reload_all: bool) -> ChildProcess:
        source, target = self._ends(replication.properties)
        definition = self._definition(replication.properties)
        region = _place(replication.arn)[1]
        session = _assume(definition.target.service_access_role_arn, SERVICE)
        given = {
            "source": source.properties,
            "target": target.properties,
            "config": replication.properties,
            "connection": self._connection(definition, region),
            "folder": str(replication.folder),
            "reload_all": reload_all,
            "s3": {
                "endpoint_url": self._settings.endpoint,
                "region_name": region,
                "aws_access_key_id": session.access_key_id,
                "aws_secret_access_key": session.secret_access_key,
                "aws_session_token": session.session_token,
            },
        }
        identifier = replication.arn.rsplit(":", 1)[-1]
        return ChildProcess(
            [sys.executable, "-m", "rehearsal.dms"],
            environment={**self._settings.environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            log=self._settings.logs / f"dms-{identifier}.log",
            told=json.dumps(given, default=str) + "\n",
        )

    def _connection(self, definition: ReplicationDefinition, region: str) -> dict[str, Any]:
        """Read the secret with the rights of its role; DMS demands four fields."""
        settings = definition.source.settings
        session = _assume(settings.secrets_manager_access_role_arn, f"dms.{region}.amazonaws.com")
        client = session.client("secretsmanager", self._settings, region)
        try:
            text = client.get_secret_value(SecretId=settings.secrets_manager_secret_id)["SecretString"]
            secret = json.loads(text)
            return {
                "host": secret["host"],
                "port": int(secret["port"]),
                "user": secret["username"],
                "password": secret["password"],
                **({"dbname": definition.source.database_name} if definition.source.database_name else {}),
            }
        except KeyError as error:
            raise ApiError("InvalidResourceStateFault", f"the secret has no field {error}") from error
        except Exception as error:
            raise ApiError("AccessDeniedFault", f"the secret cannot be read: {error}") from error


def _assume(role: str, service: str) -> roles.RoleSession:
    try:
        return roles.assume(role, service=service, session_name="dms-session")
    except roles.RoleNotAssumableError as error:
        raise ApiError("AccessDeniedFault", str(error)) from error


def _identifier(properties: Properties) -> str:
    """The end of an ARN; DMS would make one up, but then nothing names what is made again."""
    identifier = str(properties.get("ResourceIdentifier", ""))
    if not _IDENTIFIER.fullmatch(identifier):
        raise ApiError(
            "InvalidParameterValueException",
            f"ResourceIdentifier {identifier!r}: at most 31 letters, digits and single hyphens, a letter first",
        )
    return identifier


def _place(arn: str) -> tuple[str, str]:
    return arn.split(":")[4], arn.split(":")[3]

"""Runs jobs: a bounded number at once, each in a process group of its own that ends with its run."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal import jars, toolchain
from rehearsal.emulator import iam, roles
from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.account_root import root_client
from rehearsal.emulator.child_process import log_events
from rehearsal.emulator.execution_role import Call, refusal_of
from rehearsal.emulator.glue_runner.job_run import JobRun, Record, UnsupportedArgumentError
from rehearsal.emulator.glue_runner.jvms import JvmPool
from rehearsal.emulator.glue_runner.spark_child import SparkChild
from rehearsal.emulator.glue_runner.spark_settings import MetastoreError
from rehearsal.emulator.settings import EmulatorSettings

# The network of a run: the first of its job's connections that Glue would take, or why there is none.

ALL_TCP = (0, 65_535)
_NETWORK = "PhysicalConnectionRequirements"
_ACTIONS = ("CreateNetworkInterface", "DeleteNetworkInterface")
_DESCRIBED = ("DescribeSubnets", "DescribeSecurityGroups", "DescribeVpcEndpoints", "DescribeRouteTables")


class ConnectionRefusedByGlueError(Exception):
    """The run does not start; the message is Glue's."""


def vpc_of(job: Mapping[str, Any], region: str) -> str | None:
    """The VPC in which a run of the job works; None for a job without connections."""
    names = (job.get("Connections") or {}).get("Connections") or []
    account = roles.account_of(job["Role"])
    with patches.REQUEST_SCOPE.value(account, region):
        connections = [_connection(job["Role"], f"arn:aws:glue:{region}:{account}", name) for name in names]
        networks = [one[_NETWORK] for one in connections if _NETWORK in one]
        return _vpc(job["Role"], f"arn:aws:ec2:{region}:{account}", networks[0]) if networks else None


def _connection(role: str, catalog: str, name: str) -> Mapping[str, Any]:
    for resource in ("catalog", f"connection/{name}"):
        _ask(role, "glue:GetConnection", f"{catalog}:{resource}")
    found: Mapping[str, Any] | None = patches.GLUE_CONNECTIONS.value.get(name)
    if found is None:
        raise ConnectionRefusedByGlueError(f"Connection {name} not found. (Service: AWSGlue; EntityNotFoundException)")
    return found


def _vpc(role: str, here: str, network: Mapping[str, Any]) -> str:
    subnet, groups = network["SubnetId"], network.get("SecurityGroupIdList") or []
    found = patches.SUBNETS.value.get(subnet)
    if found is None:
        raise ConnectionRefusedByGlueError(f"The subnet ID '{subnet}' does not exist (InvalidSubnetID.NotFound)")
    _ask_for_interfaces(role, here, subnet, groups)
    rules = {group: _ingress(group) for group in groups}
    if not any(_opens_all_to(group, rule) for group, its in rules.items() for rule in its):
        raise ConnectionRefusedByGlueError(
            "At least one security group must open all ingress ports. To limit traffic, the source security group in "
            "your inbound rule can be restricted to the same security group"
        )
    vpc = str(found["VpcId"])
    endpoints = patches.VPC_ENDPOINTS.value.values()
    if not [one for one in endpoints if one["VpcId"] == vpc and str(one["ServiceName"]).endswith(".s3")]:
        raise ConnectionRefusedByGlueError(
            f"VPC S3 endpoint validation failed for SubnetId: {subnet}. VPC: {vpc}. Reason: Could not find S3 endpoint "
            f"or NAT gateway for subnetId: {subnet} in Vpc {vpc}"
        )
    return vpc


def _ask_for_interfaces(role: str, here: str, subnet: str, groups: list[str]) -> None:
    for action in _DESCRIBED:
        _ask(role, f"ec2:{action}", "*")
    made = [f"subnet/{subnet}", *(f"security-group/{group}" for group in groups)]
    for action in _ACTIONS:
        resources = ["network-interface/eni-0", *(made if action == "CreateNetworkInterface" else [])]
        for resource in resources:
            _ask(role, f"ec2:{action}", f"{here}:{resource}")


def _ask(role: str, action: str, resource: str) -> None:
    if reason := refusal_of(role, Call(action, resource)):
        raise ConnectionRefusedByGlueError(reason)


def _ingress(group: str) -> list[Mapping[str, Any]]:
    found = patches.SECURITY_GROUPS.value.get(group)
    if found is None:
        raise ConnectionRefusedByGlueError(f"The security group '{group}' does not exist (InvalidGroup.NotFound)")
    return list(found["IpPermissions"])


def _opens_all_to(group: str, rule: Mapping[str, Any]) -> bool:
    if group not in [pair.get("GroupId") for pair in rule.get("UserIdGroupPairs", ())]:
        return False
    return rule["IpProtocol"] == "-1" or (rule["IpProtocol"] == "tcp" and (rule["FromPort"], rule["ToPort"]) == ALL_TCP)


# A run's output is found where Glue puts it: in /aws-glue/jobs/output, in a stream named after the run.

LOG_GROUP = "/aws-glue/jobs/output"


def publish_log(log: Path, *, run: str, account: str, region: str) -> None:
    """Copy the end of a run's log; a run is not failed by its log."""
    events, logs = log_events(log), root_client("logs", account, region)
    try:
        if not logs.describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]:
            logs.create_log_group(logGroupName=LOG_GROUP)
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=run)
        if events:
            logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=run, logEvents=events)
    except (BotoCoreError, ClientError) as error:
        print(f"the log of {run} is only in {log}: {error}")  # noqa: T201 - this is the emulator's log


_SERVICE = "glue.amazonaws.com"
_REFUSALS = (
    ConnectionRefusedByGlueError,
    roles.RoleNotAssumableError,
    UnsupportedArgumentError,
    jars.JarsError,
    toolchain.ToolchainError,
    MetastoreError,
    OSError,
)


@dataclass
class _Active:
    run: JobRun
    child: SparkChild | None = None


class GlueRunner:
    """The runs that are under way."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self._settings = settings
        self._slots = threading.BoundedSemaphore(settings.glue_slots)
        self._jvms = JvmPool(settings.temporary, at_most=settings.glue_slots)
        self._lock = threading.Lock()
        self._active: dict[str, _Active] = {}
        self._is_stopping = False

    def start(self, job: dict[str, Any], record: Record, region: str) -> None:
        """Run the job in the background, as soon as there is a slot."""
        active = _Active(JobRun(record))
        with self._lock:
            self._active[record["Id"]] = active
        threading.Thread(target=self._run, args=(job, active, region), daemon=True, name=record["Id"][:12]).start()

    def active_runs(self, job: str) -> int:
        """Return how many runs of the job are under way."""
        with self._lock:
            runs = [active.run for active in self._active.values() if active.run.record["JobName"] == job]
        return sum(not run.is_over for run in runs)

    def wait(self, run_id: str, seconds: float) -> bool:
        """Wait for a run's end and tell whether it has come."""
        with self._lock:
            active = self._active.get(run_id)
        return active is None or active.run.wait(seconds)

    def stop(self, run_id: str, message: str = "") -> bool:
        """End a run and all of its processes; False if it is over already."""
        with self._lock:
            active = self._active.get(run_id)
        if active is None or not active.run.end("STOPPED", message):
            return False
        if active.child:
            active.child.kill()
        return True

    def stop_all(self) -> None:
        """End every run and start no other: the emulator is stopping."""
        self._is_stopping = True
        with self._lock:
            runs = list(self._active.values())
        for active in runs:
            active.run.end("STOPPED", "the emulator was stopped")
            if active.child:
                active.child.kill()
        self._jvms.close()

    def _run(self, job: dict[str, Any], active: _Active, region: str) -> None:
        try:
            with self._slots:
                self._run_in_slot(job, active, region)
        finally:
            with self._lock:
                del self._active[active.run.record["Id"]]

    def _run_in_slot(self, job: dict[str, Any], active: _Active, region: str) -> None:
        run = active.run
        if run.is_over or self._is_stopping:
            return
        try:
            vpc = vpc_of(job, region)
            session = roles.assume(job["Role"], service=_SERVICE, session_name="GlueJobRunnerSession")
            iam.is_code(session.arn, credentialissuingservice=_SERVICE)
            child = SparkChild(self._settings, job, run.record, session, region, self._jvms, vpc)
            child.start()
        except _REFUSALS as error:
            run.end("FAILED", f"{type(error).__name__}: {error}")
            return
        active.child = child
        try:
            self._follow(run, child)
        finally:
            child.end(succeeded=run.record["JobRunState"] == "SUCCEEDED")
            publish_log(child.log, run=run.record["Id"], account=roles.account_of(job["Role"]), region=region)

    def _follow(self, run: JobRun, child: SparkChild) -> None:
        if not run.running():
            return
        minutes = run.record["Timeout"]
        exit_code = child.wait(minutes * self._settings.glue_minute)
        if exit_code is None:
            run.end("TIMEOUT", f"Timeout of {minutes} min exceeded")
        elif exit_code:
            run.end("FAILED", child.failure(exit_code))
        else:
            run.end("SUCCEEDED")

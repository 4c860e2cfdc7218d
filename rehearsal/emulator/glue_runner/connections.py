"""The network of a run: the first of its job's connections that Glue would take, or why there is none."""

from collections.abc import Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.execution_role import Call, refusal_of
from rehearsal.emulator.role_arns import account_and_name

ALL_TCP = (0, 65_535)
_NETWORK = "PhysicalConnectionRequirements"
_ACTIONS = ("CreateNetworkInterface", "DeleteNetworkInterface")
_DESCRIBED = ("DescribeSubnets", "DescribeSecurityGroups", "DescribeVpcEndpoints", "DescribeRouteTables")


class ConnectionRefusedByGlueError(Exception):
    """The run does not start; the message is Glue's."""


def vpc_of(job: Mapping[str, Any], region: str) -> str | None:
    """The VPC in which a run of the job works; None for a job without connections."""
    names = (job.get("Connections") or {}).get("Connections") or []
    account, _ = account_and_name(job["Role"])
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

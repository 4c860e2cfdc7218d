"""Resource types that our templates use and ministack does not know; every other unknown type stays refused.

Most are kept by ministack's services, and only its CloudFormation does not make them.
"""

import io
import zipfile
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.account_root import account_client

Properties = dict[str, Any]
Created = tuple[str, dict[str, Any]]
Create = Callable[[Properties], Created]
Delete = Callable[[str, Properties], None]
Update = Callable[[str, Properties], Created]
_QUERY = ("Name", "Description", "Database", "QueryString", "WorkGroup")
_FLOW_LOG = (
    "ResourceType", "TrafficType", "LogDestinationType", "LogDestination", "LogGroupName", "DeliverLogsPermissionArn",
)  # fmt: skip
_UNSUPPORTED_DEPLOYMENT = ("SourceMarkers", "Exclude", "Include", "DistributionId")


def install() -> None:
    """Register the types."""
    for name, (create, delete) in _TYPES.items():
        register(name, create, delete)


def register(type_: str, create: Create, delete: Delete, update: Update | None = None) -> None:
    """Add a type; without `update`, a changed resource is replaced by a new one."""
    known = patches.RESOURCE_HANDLERS.value
    if type_ in known:
        raise patches.UnsupportedEmulatorError(f"ministack has {type_} itself now: remove the extension")
    known[type_] = {"create": lambda _logical_id, properties, _stack: create(properties), "delete": delete}
    if update:
        known[type_]["update"] = lambda name, _old, properties, _stack: update(name, properties)
    # The operations call the emulator over the wire, which the thread that serves must not wait for.
    patches.RUNS_ON_WORKER_THREAD.wrap(lambda asks, name: name == type_ or asks(name))


def _given(properties: Properties, *names: str) -> Properties:
    return {name: properties[name] for name in names if name in properties}


def _create_query(properties: Properties) -> Created:
    created = account_client("athena").create_named_query(**_given(properties, *_QUERY))["NamedQueryId"]
    return created, {"NamedQueryId": created}


def _delete_query(name: str, _: Properties) -> None:
    account_client("athena").delete_named_query(NamedQueryId=name)


def _create_selection(properties: Properties) -> Created:
    plan, selected = properties["BackupPlanId"], properties["BackupSelection"]
    created = account_client("backup").create_backup_selection(BackupPlanId=plan, BackupSelection=selected)
    made = created["SelectionId"]
    return f"{made}_{plan}", {"SelectionId": made, "BackupPlanId": plan, "Id": f"{made}_{plan}"}


def _delete_selection(name: str, _: Properties) -> None:
    selection, plan = name.split("_")
    account_client("backup").delete_backup_selection(BackupPlanId=plan, SelectionId=selection)


def _create_security(properties: Properties) -> Created:
    glue, name = account_client("glue"), properties["Name"]
    # A changed configuration keeps its name, and Glue has no operation to change one.
    with suppress(glue.exceptions.EntityNotFoundException):
        glue.delete_security_configuration(Name=name)
    given = properties["EncryptionConfiguration"].items()
    # Glue's API names one of the parts in the singular, templates all in the plural
    configuration = {{"S3Encryptions": "S3Encryption"}.get(part, part): value for part, value in given}
    glue.create_security_configuration(Name=name, EncryptionConfiguration=configuration)
    return name, {}


def _delete_security(name: str, _: Properties) -> None:
    account_client("glue").delete_security_configuration(Name=name)


def _deploy(properties: Properties) -> Created:
    """Do what the CDK's own handler does, which needs the AWS command line in a Lambda layer at /opt."""
    if refused := [name for name in _UNSUPPORTED_DEPLOYMENT if any(properties.get(name) or ())]:
        raise ValueError(f"BucketDeployment with {', '.join(refused)} is not supported here")
    bucket, prefix = properties["DestinationBucketName"], properties.get("DestinationBucketKeyPrefix", "")
    s3 = account_client("s3")
    for key, content in _files(properties):
        s3.put_object(Bucket=bucket, Key=_key(prefix, key), Body=content)
    # The same destination keeps its id, so that an update replaces files and never deletes the new ones.
    return f"aws.cdk.s3deployment/{bucket}/{prefix}", {"SourceObjectKeys": properties["SourceObjectKeys"]}


def _remove(_: str, properties: Properties) -> None:
    if str(properties.get("RetainOnDelete", "true")).lower() == "true":
        return
    bucket, prefix = properties["DestinationBucketName"], properties.get("DestinationBucketKeyPrefix", "")
    for key, _content in _files(properties):
        account_client("s3").delete_object(Bucket=bucket, Key=_key(prefix, key))


def _files(properties: Properties) -> list[tuple[str, bytes]]:
    sources = zip(properties["SourceBucketNames"], properties["SourceObjectKeys"], strict=True)
    return [file for bucket, key in sources for file in _source_files(bucket, key, properties)]


def _source_files(bucket: str, key: str, properties: Properties) -> list[tuple[str, bytes]]:
    content: Any = account_client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    if str(properties.get("Extract", "true")).lower() != "true":
        return [(key, content)]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(entry.filename, archive.read(entry)) for entry in archive.infolist() if not entry.is_dir()]


def _key(prefix: str, name: str) -> str:
    return "/".join(part for part in (prefix.strip("/"), name) if part)


def _create_address(_: Properties) -> Created:
    address = account_client("ec2").allocate_address(Domain="vpc")
    return address["PublicIp"], {"PublicIp": address["PublicIp"], "AllocationId": address["AllocationId"]}


def _release_address(public_ip: str, _: Properties) -> None:
    ec2 = account_client("ec2")
    for address in ec2.describe_addresses(PublicIps=[public_ip])["Addresses"]:
        ec2.release_address(AllocationId=address["AllocationId"])


def _create_nat_gateway(properties: Properties) -> Created:
    options = _given(properties, "AllocationId", "ConnectivityType")
    gateway = account_client("ec2").create_nat_gateway(SubnetId=properties["SubnetId"], **options)["NatGateway"]
    return gateway["NatGatewayId"], {"NatGatewayId": gateway["NatGatewayId"]}


def _delete_nat_gateway(gateway: str, _: Properties) -> None:
    account_client("ec2").delete_nat_gateway(NatGatewayId=gateway)


def _create_flow_log(properties: Properties) -> Created:
    about, options = [properties["ResourceId"]], _given(properties, *_FLOW_LOG)
    (created,) = account_client("ec2").create_flow_logs(ResourceIds=about, **options)["FlowLogIds"]
    return created, {"Id": created}


def _delete_flow_log(flow_log: str, _: Properties) -> None:
    account_client("ec2").delete_flow_logs(FlowLogIds=[flow_log])


def _allow_ingress(properties: Properties) -> Created:
    permission = _permission(properties)
    account_client("ec2").authorize_security_group_ingress(GroupId=properties["GroupId"], IpPermissions=[permission])
    rule = "-".join(str(properties.get(part, "any")) for part in ("GroupId", "IpProtocol", "FromPort", "ToPort"))
    return f"{rule}-{_source(properties)}", {}


def _revoke_ingress(_: str, properties: Properties) -> None:
    permission = _permission(properties)
    account_client("ec2").revoke_security_group_ingress(GroupId=properties["GroupId"], IpPermissions=[permission])


def _allow_egress(properties: Properties) -> Created:
    group, permission = properties["GroupId"], _permission(properties)
    account_client("ec2").authorize_security_group_egress(GroupId=group, IpPermissions=[permission])
    return f"{group}-egress-{properties.get('FromPort', 'any')}-{_source(properties)}", {}


def _revoke_egress(_: str, properties: Properties) -> None:
    permission = _permission(properties)
    account_client("ec2").revoke_security_group_egress(GroupId=properties["GroupId"], IpPermissions=[permission])


def _permission(properties: Properties) -> dict[str, Any]:
    """Return the rule as EC2's API takes it."""
    ports: Properties = {name: int(properties[name]) for name in ("FromPort", "ToPort") if name in properties}
    described = _given(properties, "Description")
    sources = {
        "IpRanges": {"CidrIp": properties.get("CidrIp")},
        "Ipv6Ranges": {"CidrIpv6": properties.get("CidrIpv6")},
        "PrefixListIds": {"PrefixListId": _either(properties, "PrefixListId")},
        "UserIdGroupPairs": {"GroupId": _either(properties, "SecurityGroupId")},
    }
    given = {kind: [{**source, **described}] for kind, source in sources.items() if all(source.values())}
    return {"IpProtocol": str(properties["IpProtocol"]), **ports, **given}


def _either(properties: Properties, what: str) -> str | None:
    """The other end of a rule: the source of incoming and the destination of outgoing traffic."""
    found: str | None = properties.get(f"Source{what}") or properties.get(f"Destination{what}")
    return found


def _source(properties: Properties) -> str:
    ends = [f"{end}{what}" for end in ("Source", "Destination") for what in ("PrefixListId", "SecurityGroupId")]
    names = ("CidrIp", "CidrIpv6", *ends)
    return next((str(properties[name]) for name in names if name in properties), "nowhere")


def _create_experiment(properties: Properties) -> Created:
    """Keep nothing: no experiment of AWS FIS runs here, and the drill cuts Regions itself."""
    named = str(properties.get("Tags", {}).get("Name", "")) or str(properties["Description"])
    return f"EXT{zlib.crc32(named.encode()):010d}", {}


def _delete_experiment(_: str, __: Properties) -> None:
    """There is nothing to delete."""


_TYPES: dict[str, tuple[Create, Delete]] = {
    "AWS::Athena::NamedQuery": (_create_query, _delete_query),
    "AWS::Backup::BackupSelection": (_create_selection, _delete_selection),
    "AWS::EC2::EIP": (_create_address, _release_address),
    "AWS::EC2::FlowLog": (_create_flow_log, _delete_flow_log),
    "AWS::EC2::NatGateway": (_create_nat_gateway, _delete_nat_gateway),
    "AWS::EC2::SecurityGroupEgress": (_allow_egress, _revoke_egress),
    "AWS::EC2::SecurityGroupIngress": (_allow_ingress, _revoke_ingress),
    "AWS::FIS::ExperimentTemplate": (_create_experiment, _delete_experiment),
    "AWS::Glue::SecurityConfiguration": (_create_security, _delete_security),
    "Custom::CDKBucketDeployment": (_deploy, _remove),
}
"""How each is created and deleted."""

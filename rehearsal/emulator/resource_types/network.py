"""The network types that ministack's EC2 has, but its CloudFormation has not."""

from collections.abc import Callable
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.account_clients import account_client
from rehearsal.emulator.resource_types.registration import Created, Properties, ResourceType

_FLOW_LOG_PROPERTIES = (
    "ResourceType", "TrafficType", "LogDestinationType", "LogDestination", "LogGroupName", "DeliverLogsPermissionArn",
)  # fmt: skip


def complete_vpc_attributes() -> None:
    """Let Fn::GetAtt find a VPC's CidrBlock, which every interface endpoint of the CDK asks for."""
    operations = patches.RESOURCE_HANDLERS.value["AWS::EC2::VPC"]
    operations["create"] = _with_cidr_block(operations["create"], properties_at=1)
    operations["update"] = _with_cidr_block(operations["update"], properties_at=2)


def _with_cidr_block(operation: Callable[..., Created], *, properties_at: int) -> Callable[..., Created]:
    def operation_with_cidr_block(*arguments: Any) -> Created:  # noqa: ANN401 - handed through
        physical_id, attributes = operation(*arguments)
        return physical_id, {"CidrBlock": arguments[properties_at]["CidrBlock"], **attributes}

    return operation_with_cidr_block


def _create_address(_: Properties) -> Created:
    address = account_client("ec2").allocate_address(Domain="vpc")
    return address["PublicIp"], {"PublicIp": address["PublicIp"], "AllocationId": address["AllocationId"]}


def _release_address(public_ip: str, _: Properties) -> None:
    ec2 = account_client("ec2")
    for address in ec2.describe_addresses(PublicIps=[public_ip])["Addresses"]:
        ec2.release_address(AllocationId=address["AllocationId"])


def _create_nat_gateway(properties: Properties) -> Created:
    options = {name: properties[name] for name in ("AllocationId", "ConnectivityType") if name in properties}
    gateway = account_client("ec2").create_nat_gateway(SubnetId=properties["SubnetId"], **options)["NatGateway"]
    return gateway["NatGatewayId"], {"NatGatewayId": gateway["NatGatewayId"]}


def _delete_nat_gateway(gateway: str, _: Properties) -> None:
    account_client("ec2").delete_nat_gateway(NatGatewayId=gateway)


def _create_flow_log(properties: Properties) -> Created:
    options = {name: properties[name] for name in _FLOW_LOG_PROPERTIES if name in properties}
    created = account_client("ec2").create_flow_logs(ResourceIds=[properties["ResourceId"]], **options)
    return created["FlowLogIds"][0], {"Id": created["FlowLogIds"][0]}


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
    described = {"Description": properties["Description"]} if "Description" in properties else {}
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


TYPES = (
    ResourceType("AWS::EC2::EIP", _create_address, _release_address),
    ResourceType("AWS::EC2::NatGateway", _create_nat_gateway, _delete_nat_gateway),
    ResourceType("AWS::EC2::FlowLog", _create_flow_log, _delete_flow_log),
    ResourceType("AWS::EC2::SecurityGroupIngress", _allow_ingress, _revoke_ingress),
    ResourceType("AWS::EC2::SecurityGroupEgress", _allow_egress, _revoke_egress),
)

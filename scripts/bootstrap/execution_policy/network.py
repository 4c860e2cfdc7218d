"""What the network of an environment is made with."""

from __future__ import annotations

from scripts.bootstrap.execution_policy.grants import Grant, Scope, grant

_KINDS = (
    "elastic-ip",
    "internet-gateway",
    "natgateway",
    "network-interface",
    "route-table",
    "security-group",
    "security-group-rule",
    "subnet",
    "vpc",
    "vpc-endpoint",
    "vpc-flow-log",
)
_MADE_UP = "EC2 makes up the ids of what it makes; account, Region and kind are the bounds"


def network(scope: Scope) -> list[Grant]:
    """VPC, subnets, routes, gateways, endpoints, security groups and flow logs."""
    own = [scope.arn("ec2", f"{kind}/*") for kind in _KINDS]
    return [
        _described(),
        grant("ec2", "CreateTags DeleteTags", *own, because=_MADE_UP),
        grant(
            "ec2",
            "CreateVpc ModifyVpcAttribute ModifyVpcTenancy DeleteVpc "
            "CreateSubnet ModifySubnetAttribute DeleteSubnet "
            "CreateRouteTable DeleteRouteTable AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation "
            "CreateRoute ReplaceRoute DeleteRoute "
            "CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints "
            "CreateFlowLogs DeleteFlowLogs "
            "CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress "
            "RevokeSecurityGroupIngress RevokeSecurityGroupEgress "
            "UpdateSecurityGroupRuleDescriptionsIngress UpdateSecurityGroupRuleDescriptionsEgress",
            *own,
            because=_MADE_UP,
        ),
        grant(
            "ec2",
            "AllocateAddress ReleaseAddress AssociateAddress DisassociateAddress CreateNatGateway DeleteNatGateway "
            "CreateInternetGateway DeleteInternetGateway AttachInternetGateway DetachInternetGateway",
            *own,
            because=_MADE_UP,
        ),
        grant(
            "iam",
            "CreateServiceLinkedRole",
            scope.global_arn("iam", "role/aws-service-role/delivery.logs.amazonaws.com/*"),
            because="AWS names the role with which it delivers flow logs",
        ),
    ]


def _described() -> Grant:
    return grant(
        "ec2",
        "DescribeAddresses DescribeFlowLogs DescribeInternetGateways DescribeNatGateways DescribeNetworkAcls "
        "DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups "
        "DescribeSubnets DescribeTags DescribeVpcAttribute DescribeVpcEndpoints DescribeVpcs",
        "*",
        because="EC2 describes whole Regions and knows no resources here",
    )

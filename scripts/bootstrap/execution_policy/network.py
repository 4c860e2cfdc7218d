"""Rights to create the network of an environment: EC2 generates ids, so tags identify the owner of each part."""

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
_NEW = {
    "CreateVpc": "vpc",
    "CreateSubnet": "subnet",
    "CreateRouteTable": "route-table",
    "CreateVpcEndpoint": "vpc-endpoint",
    "CreateFlowLogs": "vpc-flow-log",
    "CreateSecurityGroup": "security-group",
    "AllocateAddress": "elastic-ip",
    "CreateNatGateway": "natgateway",
    "CreateInternetGateway": "internet-gateway",
}
"""What each action makes; whatever else it names must be this lake's already."""
_MADE_UP = "EC2 makes up the ids of what it makes"
_OWN = f"{_MADE_UP}; the tag of the condition says that this lake made it"


def network(scope: Scope) -> list[Grant]:
    """VPC, subnets, routes, gateways, endpoints, security groups and flow logs."""
    own = [scope.arn("ec2", f"{kind}/*") for kind in _KINDS]
    return [
        _described(),
        *(_made(scope, action, kind) for action, kind in _NEW.items()),
        grant(
            "ec2",
            "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress",
            scope.arn("ec2", "security-group-rule/*"),
            because=f"{_MADE_UP}; the group in which the rule is made must be this lake's",
        ),
        grant("ec2", "CreateTags", *own, because=f"{_MADE_UP}; no other lake's", condition=scope.untagged),
        grant("ec2", "CreateTags DeleteTags", *own, because=_OWN, condition=scope.tagged),
        grant(
            "ec2",
            "ModifyVpcAttribute ModifyVpcTenancy DeleteVpc "
            "CreateSubnet ModifySubnetAttribute DeleteSubnet "
            "CreateRouteTable DeleteRouteTable AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation "
            "CreateRoute ReplaceRoute DeleteRoute "
            "CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints "
            "CreateFlowLogs DeleteFlowLogs "
            "CreateSecurityGroup DeleteSecurityGroup AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress "
            "RevokeSecurityGroupIngress RevokeSecurityGroupEgress "
            "UpdateSecurityGroupRuleDescriptionsIngress UpdateSecurityGroupRuleDescriptionsEgress "
            "ReleaseAddress AssociateAddress DisassociateAddress CreateNatGateway DeleteNatGateway "
            "DeleteInternetGateway AttachInternetGateway DetachInternetGateway",
            *own,
            because=_OWN,
            condition=scope.tagged,
        ),
        grant(
            "iam",
            "CreateServiceLinkedRole",
            scope.global_arn("iam", "role/aws-service-role/delivery.logs.amazonaws.com/*"),
            because="AWS names the role with which it delivers flow logs",
        ),
    ]


def _made(scope: Scope, action: str, kind: str) -> Grant:
    """One action on one kind of resource; combined, actions could add resources to another team's."""
    return grant("ec2", action, scope.arn("ec2", f"{kind}/*"), because=f"{_MADE_UP}; it takes nothing from anybody")


def _described() -> Grant:
    return grant(
        "ec2",
        "DescribeAddresses DescribeFlowLogs DescribeInternetGateways DescribeNatGateways DescribeNetworkAcls "
        "DescribeNetworkInterfaces DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups "
        "DescribeSubnets DescribeTags DescribeVpcAttribute DescribeVpcEndpoints DescribeVpcs",
        "*",
        because="EC2 describes whole Regions and knows no resources here",
    )

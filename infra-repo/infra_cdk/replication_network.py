"""The place of AWS DMS in the network: what it may reach from the private subnets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_ec2 as ec2

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from deployment_account.networks import PrefixLists
    from deployment_account.replication_settings import Replication

_HTTPS = ec2.Port.tcp(443)


def replication_group(
    scope: Construct, vpc: ec2.IVpc, replications: Mapping[str, Replication], lists: PrefixLists | None
) -> ec2.SecurityGroup:
    """Create the security group of DMS: it accepts nothing, and reaches the databases and AWS.

    Without lists of addresses, HTTPS is open to wherever the subnets lead: to endpoints, and by NAT gateways.
    """
    group = ec2.SecurityGroup(scope, "Replication", vpc=vpc, description="AWS DMS", allow_all_outbound=False)
    for name, replication in replications.items():
        port = ec2.Port.tcp(replication.server_port)
        group.add_egress_rule(ec2.Peer.ipv4(replication.network), port, f"The database of the source {name}")
    if lists:
        group.add_egress_rule(ec2.Peer.prefix_list(lists.s3), _HTTPS, "S3 by its gateway endpoint")
        group.add_egress_rule(ec2.Peer.ipv4(vpc.vpc_cidr_block), _HTTPS, "Secrets Manager by its endpoint")
    else:
        group.add_egress_rule(ec2.Peer.any_ipv4(), _HTTPS, "S3 and Secrets Manager")
    return group

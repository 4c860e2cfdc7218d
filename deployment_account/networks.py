"""Which IPv4 ranges a VPC may have, and how it is divided."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from deployment_account.model import Model

# what jobs and functions in the VPC may call besides S3 and DynamoDB, which gateway endpoints serve
InterfaceEndpoint = Literal["glue", "kms", "logs", "monitoring", "secretsmanager", "states", "sts"]
SECRETS: InterfaceEndpoint = "secretsmanager"
"""The one that DMS calls, where no NAT gateway leads to the service."""
PrefixListId = Annotated[str, Field(pattern=r"^pl-[0-9a-f]{8,17}$")]

LARGEST_VPC = 16
SMALLEST_VPC = 20
MOST_ZONES = 6
"""As many as any Region has; each has its place in the VPC whether or not it is used."""


class PrefixLists(Model):
    """The addresses of S3 and DynamoDB in a Region, by the IDs of AWS's own prefix lists."""

    s3: PrefixListId
    dynamodb: PrefixListId


KNOWN_PREFIX_LISTS = {"us-east-1": PrefixLists(s3="pl-63a5400a", dynamodb="pl-02cd2c6b")}
"""By Region; CloudFormation cannot look them up."""


def parse_cidr(text: str) -> IPv4Network:
    """The network that a CIDR names."""
    return IPv4Network(text)


def private_subnet_prefix(vpc_cidr: str) -> int:
    """An eighth of the VPC for each zone that there may ever be; public subnets lie in what six of them leave.

    Divided among the zones of today, ranges would change with each further zone, and no subnet can change its range.
    """
    return parse_cidr(vpc_cidr).prefixlen + 3


def private_network(text: str, because: str = "") -> IPv4Network:
    """Read a private range; raises ValueError, with the reason why it must be one."""
    try:
        network = parse_cidr(text)
    except ValueError as error:
        raise ValueError(f"{text} is no network: {error}") from error
    if not network.is_private:
        raise ValueError(f"{text} is not a private range{because}")
    return network


def _vpc_range(text: str) -> str:
    network = private_network(text)
    if not LARGEST_VPC <= network.prefixlen <= SMALLEST_VPC:
        raise ValueError(f"/{network.prefixlen} is not between /{LARGEST_VPC} and /{SMALLEST_VPC}")
    return text


Ipv4Cidr = Annotated[str, Field(examples=["10.10.0.0/16"]), AfterValidator(_vpc_range)]

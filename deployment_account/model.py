"""What the models of the configuration have in common: their strictness and the fields that several of them use."""

from __future__ import annotations

import re
from typing import Annotated

from json_documents.model import Model as Model  # noqa: PLC0414  the base of every model of this package
from pydantic import AfterValidator, Field

OTHER_PARTITIONS = r"^(cn|us-gov|us-iso[a-z]*|eu-iso[a-z]*)-"
"""Regions in which neither the ARNs of this project nor all of its services exist."""


RESERVED_NAMES = r"^(aws|ssm|cdk)"
"""Parameter Store refuses the first two; roles named after the third would be those of CDK's bootstrap."""


def _not_reserved(name: str) -> str:
    if re.match(RESERVED_NAMES, name):
        raise ValueError(f"{name} begins with aws, ssm or cdk, which parameters and roles of AWS and CDK begin with")
    return name


def _of_the_commercial_partition(region: str) -> str:
    if re.match(OTHER_PARTITIONS, region):
        raise ValueError(f"{region} is not in the partition aws, the only one whose ARNs and services are used here")
    return region


AccountId = Annotated[str, Field(pattern=r"^\d{12}$", description="The 12 digits of an AWS account.")]
Region = Annotated[
    str,
    Field(
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        examples=["us-east-1"],
        # the only way to tell editors: the validator's regular expressions have no look-ahead
        json_schema_extra={"not": {"pattern": OTHER_PARTITIONS}},
    ),
    AfterValidator(_of_the_commercial_partition),
]
Name = Annotated[str, Field(pattern=r"^[a-z]([a-z0-9-]{0,22}[a-z0-9])?$")]
PlatformName = Annotated[
    Name, Field(json_schema_extra={"not": {"pattern": RESERVED_NAMES}}), AfterValidator(_not_reserved)
]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Days = Annotated[int, Field(strict=True, ge=1, le=3653)]
GlueWorkerType = Annotated[str, Field(pattern=r"^[GR]\.\d+X$", examples=["G.1X", "R.2X"])]

"""What both Regions publish in SSM parameters of the same names.

Templates cannot ask another Region. They cannot name SSM parameters of their own Region either: a pipeline prepares all
change sets before anything is deployed, and CloudFormation reads such parameters while it prepares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from region_link.answer import Made
from region_link.patience import once_allowed

OWN, PARTNER, REPLICA = "Own", "Partner", "Replica"
"""What the attributes of a resource begin with; a replica of a secret is in the own Region."""


def answer(event: Mapping[str, Any]) -> Made:
    """Give each parameter's value in this Region and in the partner's, and what the partner's secrets are called here.

    A replica has the ARN of its secret, but for the Region:
    https://docs.aws.amazon.com/secretsmanager/latest/userguide/replicate-secrets.html
    """
    properties = event["ResourceProperties"]
    own_region, partner = properties["Region"], properties["PartnerRegion"]
    if event["RequestType"] == "Delete":
        return Made(event["PhysicalResourceId"])
    own = _values(own_region, properties["Parameters"])
    theirs = _values(partner, properties["Parameters"])
    secrets = _values(partner, properties.get("Secrets", {}))
    replicas = {name: arn.replace(f":{partner}:", f":{own_region}:", 1) for name, arn in secrets.items()}
    kinds = ((OWN, own), (PARTNER, theirs), (REPLICA, replicas))
    return Made(f"{own_region}-{partner}", {f"{kind}{name}": value for kind, of in kinds for name, value in of.items()})


def _values(region: str, parameters: Mapping[str, str]) -> dict[str, str]:
    ssm = boto3.client("ssm", region_name=region)

    def value(parameter: str) -> str:
        try:
            found = once_allowed(lambda: ssm.get_parameter(Name=parameter))
        except ssm.exceptions.ParameterNotFound:
            raise LookupError(f"{parameter} is not in {region}: deploy the infra stage there first") from None
        return str(found["Parameter"]["Value"])

    return {name: value(parameter) for name, parameter in parameters.items()}

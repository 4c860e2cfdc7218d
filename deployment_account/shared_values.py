"""Values pass between stages through SSM parameters, resolved at deployment and never looked up at synth."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import aws_ssm as ssm
from constructs import Construct

from deployment_account.names import Names, Shared


def publish(scope: Construct, names: Names, values: Mapping[Shared, str] | Mapping[str, str]) -> None:
    """Publish each value under its name, in the paths of the environment."""
    published = Construct(scope, "Published")
    for name, value in values.items():
        ssm.StringParameter(published, name, parameter_name=names.parameter(name), string_value=value)


def shared_value(scope: Construct, names: Names, name: Shared | str) -> str:
    """The value that another stage published under a name, as a token."""
    return ssm.StringParameter.value_for_string_parameter(scope, names.parameter(name))

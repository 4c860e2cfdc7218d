"""A state machine with logs and traces of every execution; its role has no other rights yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn

from deployment_account.log import Log, LogPolicy
from deployment_account.permissions import acknowledge_pattern, service_of_this_account

if TYPE_CHECKING:
    from constructs import Construct

    from etl_cdk.workflow_states import State


def logged_state_machine(
    scope: Construct, id_: str, *, name: str, definition: State, log_policy: LogPolicy
) -> sfn.StateMachine:
    """The state machine of a definition under the name that people type."""
    role = iam.Role(scope, f"{id_}Role", assumed_by=service_of_this_account(scope, "states.amazonaws.com"))
    # CloudWatch accepts this many log deliveries only below /aws/vendedlogs
    log = Log(scope, f"{id_}Log", policy=log_policy, name=f"/aws/vendedlogs/states/{name}")
    acknowledge_pattern(
        role, "*", because="Log deliveries and X-Ray segments have no resource to name; CDK adds the statement."
    )
    return sfn.StateMachine(
        scope,
        id_,
        state_machine_name=name,
        definition_body=sfn.DefinitionBody.from_string(cdk.Stack.of(scope).to_json_string(definition)),
        role=role,
        logs=sfn.LogOptions(destination=log, level=sfn.LogLevel.ALL, include_execution_data=True),
        tracing_enabled=True,
    )

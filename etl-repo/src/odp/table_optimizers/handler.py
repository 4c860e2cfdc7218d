"""Lambda entry point of the table optimizers: gives each Iceberg table those that the environment configures."""

from __future__ import annotations

from lake.functions import LambdaContext, entry_point
from lake.ledger.connection import dynamodb_resource
from odp.dynamodb.running_configuration import DynamoDbRunningConfiguration, RunningVersion
from odp.glue_optimizers import GlueTableOptimizers
from odp.table_optimizers.optimizers import TableOptimizers
from odp.variables import TableOptimizersVariables


@entry_point("table-optimizers", TableOptimizersVariables)
def handle(event: dict[str, object], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001 - Lambda's signature
    """Settle the optimizers of all Iceberg tables of the running configuration.

    Raises:
        TableOptimizersFailedError: after all tables were tried, naming those that failed.
    """
    variables = TableOptimizersVariables.read()
    dynamodb = dynamodb_resource()
    running = RunningVersion(dynamodb, variables.config_deploy_tracker_table)
    configuration = DynamoDbRunningConfiguration(
        dynamodb, variables.batch_config_table, variables.raw_table_config_table, running
    ).everything()
    account = variables.optimizer_role_arn.split(":")[4]
    optimizers = TableOptimizers(GlueTableOptimizers(account), variables.optimizer_types, variables.optimizer_role_arn)
    return {**optimizers.settle(configuration.tables.values())}

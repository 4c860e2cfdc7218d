"""A deployed lake, by the names that its stacks publish."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names, OdpTable
from scripts.bootstrap.accounts import Account
from scripts.smoke.outcome import StepFailedError

if TYPE_CHECKING:
    from boto3.dynamodb.conditions import ConditionBase

Item = dict[str, Any]


@dataclass(frozen=True)
class SmokeLake:
    """One environment, with credentials of its account."""

    account: Account
    platform: Platform
    environment: Environment
    pipelines: Account | None = None
    """The account of the environment's pipelines, if credentials of it were given."""
    _clients: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    _published: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def names(self) -> Names:
        """The names of the environment."""
        return Names.of(self.platform, self.environment)

    def client(self, service: str) -> Any:  # noqa: ANN401  boto3 makes clients at run time
        """A client of a service in the environment's account."""
        if service not in self._clients:
            self._clients[service] = self.account.client(service)
        return self._clients[service]

    @property
    def s3(self) -> Any:  # noqa: ANN401  boto3 makes clients at run time
        """The client for the many requests to S3; threads may share it."""
        return self.client("s3")

    def published(self, name: str) -> str:
        """Read a value that a stack has published.

        Raises:
            StepFailedError: the stack is not deployed.
        """
        if name not in self._published:
            self._published[name] = self._parameter(self.names.parameter(name))
        return self._published[name]

    def _parameter(self, parameter: str) -> str:
        ssm = self.client("ssm")
        try:
            return str(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
        except ssm.exceptions.ParameterNotFound as error:
            raise StepFailedError(
                f"the SSM parameter {parameter} is missing",
                advice="deploy the infra stage, then the etl stage: docs/deployment.md, step 6",
            ) from error

    def table(self, table: OdpTable) -> Any:  # noqa: ANN401  boto3 makes resources at run time
        """A DynamoDB table of the framework."""
        return self.dynamodb.Table(self.published(table.published_name))

    @cached_property
    def dynamodb(self) -> Any:  # noqa: ANN401  boto3 makes resources at run time
        """The resource of DynamoDB, for one thread."""
        return self.account.session.resource("dynamodb", region_name=self.account.place.region)

    def items(self, table: OdpTable, keys: ConditionBase, **options: object) -> list[Item]:
        """Read all items under a key, strongly consistent."""
        found, place = [], self.table(table)
        answer = place.query(KeyConditionExpression=keys, ConsistentRead=True, **options)
        found += answer["Items"]
        while "LastEvaluatedKey" in answer:
            answer = place.query(
                KeyConditionExpression=keys,
                ConsistentRead=True,
                ExclusiveStartKey=answer["LastEvaluatedKey"],
                **options,
            )
            found += answer["Items"]
        return found

    def configured(self, table: OdpTable) -> list[Item]:
        """Read all entries of a configuration table, without what a deployment has staged beside them."""
        place = self.table(table)
        answer = place.scan(ConsistentRead=True)
        items = list(answer["Items"])
        while "LastEvaluatedKey" in answer:
            answer = place.scan(ConsistentRead=True, ExclusiveStartKey=answer["LastEvaluatedKey"])
            items += answer["Items"]
        return [{name: value for name, value in item.items() if name != "staged"} for item in items]

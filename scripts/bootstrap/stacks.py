"""The stacks that are deployed in an account."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from scripts.bootstrap.accounts import Account


@dataclass(frozen=True)
class DeployedStack:
    """One stack with what it holds and who needs it."""

    name: str
    is_protected: bool
    exports: tuple[str, ...]
    client: Any = field(repr=False, compare=False)

    def resources(self, type_: str) -> list[str]:
        """The physical ids of its resources of a type."""
        pages = self.client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        return [
            resource["PhysicalResourceId"]
            for page in pages
            for resource in page["StackResourceSummaries"]
            if resource["ResourceType"] == type_ and resource["ResourceStatus"] != "DELETE_COMPLETE"
        ]

    def importers(self) -> set[str]:
        """The stacks that import what this one exports."""
        return {stack for export in self.exports for stack in self._importers_of(export)}

    def _importers_of(self, export: str) -> list[str]:
        try:
            pages = list(self.client.get_paginator("list_imports").paginate(ExportName=export))
        except self.client.exceptions.ClientError as error:
            if "not imported" in str(error):
                return []
            raise
        return [stack for page in pages for stack in page["Imports"]]


def stacks_of(account: Account, prefix: str) -> list[DeployedStack]:
    """The stacks whose names begin so, in the order of their creation."""
    client = account.client("cloudformation")
    pages = client.get_paginator("describe_stacks").paginate()
    found = [stack for page in pages for stack in page["Stacks"] if stack["StackName"].startswith(prefix)]
    return [_deployed(stack, client) for stack in sorted(found, key=lambda stack: str(stack["CreationTime"]))]


def _deployed(stack: dict[str, Any], client: Any) -> DeployedStack:  # noqa: ANN401  boto3 makes clients at run time
    exports = tuple(output["ExportName"] for output in stack.get("Outputs", ()) if "ExportName" in output)
    return DeployedStack(stack["StackName"], bool(stack.get("EnableTerminationProtection")), exports, client)

"""IAM judges a call by the resource that it is about; some ministack does not name as the service reference does."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.athena_resources import athena_resource
from rehearsal.emulator.catalog_resources import catalog_resource
from rehearsal.emulator.log_resources import log_stream

ResourceOf = Callable[..., str]
NAMED: Mapping[str, Callable[[str, dict[str, Any]], str | None]] = {
    "athena": athena_resource,
    "glue": catalog_resource,
    "logs": log_stream,
}
"""By service: gives the last part of the ARN from the operation and what it asks; None leaves it to ministack."""


def install() -> None:
    """Name the resources of these services' calls."""
    patches.REQUEST_RESOURCE.replace(_named_by_service)


def _named_by_service(resource_of: ResourceOf) -> ResourceOf:
    def extract_resource_arn(*request: Any) -> str:  # noqa: ANN401 - handed through
        service, _method, _path, headers, body, _query, region, account = request
        if name := NAMED.get(service):
            operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
            if resource := name(operation, json.loads(body or b"{}")):
                return f"arn:aws:{service}:{region}:{account}:{resource}"
        return resource_of(*request)

    return extract_resource_arn

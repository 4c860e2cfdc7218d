"""IAM judges a call about a log stream by that stream; ministack by its group, which `<group>:*` does not name."""

import json
from collections.abc import Callable
from typing import Any

from rehearsal.emulator import seams

ResourceOf = Callable[..., str]
_OF_A_STREAM = ("CreateLogStream", "PutLogEvents", "DeleteLogStream", "GetLogEvents")


def install() -> None:
    """Name the log stream in the resource of the calls that are about one."""
    seams.REQUEST_RESOURCE.replace(_with_streams)


def _with_streams(resource_of: ResourceOf) -> ResourceOf:
    def extract_resource_arn(*request: Any) -> str:  # noqa: ANN401 - handed through
        service, _method, _path, headers, body, _query, region, account = request
        operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
        if service != "logs" or operation not in _OF_A_STREAM:
            return resource_of(*request)
        named = json.loads(body or b"{}")
        group = f"arn:aws:logs:{region}:{account}:log-group:{named.get('logGroupName')}"
        return f"{group}:log-stream:{named.get('logStreamName')}"

    return extract_resource_arn

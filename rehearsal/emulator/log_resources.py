"""IAM judges a call about a log stream by that stream; ministack by its group, which `<group>:*` does not name."""

from typing import Any

_OF_A_STREAM = ("CreateLogStream", "PutLogEvents", "DeleteLogStream", "GetLogEvents")


def log_stream(operation: str, request: dict[str, Any]) -> str | None:
    """Give the log stream of a call that is about one."""
    if operation not in _OF_A_STREAM:
        return None
    return f"log-group:{request.get('logGroupName')}:log-stream:{request.get('logStreamName')}"

"""What a build said: the end of its log for people, all of it in the project's log group, as its role."""

import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.pipeline.errors import ActionFailedError

LINES_SHOWN = 25
_WIDTH = 300
_LINES_KEPT = 2000


def log_tail(log: Path) -> str:
    """The last lines, shortened to what a terminal can show."""
    lines = [line.rstrip()[:_WIDTH] for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return "\n".join(lines[-LINES_SHOWN:])


def publish(log: Path, logs: Any, group: str, stream: str) -> None:  # noqa: ANN401 - boto3 makes clients at run time
    """Write the log's end to CloudWatch; a role that may not write logs fails the build, as on CodeBuild."""
    now = int(time.time() * 1000)
    lines = log.read_text(errors="replace").splitlines()[-_LINES_KEPT:] if log.exists() else []
    events = [{"timestamp": now, "message": line} for line in lines if line.strip()]
    try:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
        if events:
            logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    except ClientError as error:
        raise ActionFailedError(f"link log group: the project's role cannot log to {group}: {error}") from error

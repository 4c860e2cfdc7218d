"""A run's output is found where Glue puts it: in /aws-glue/jobs/output, in a stream named after the run."""

import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.emulator.account_clients import root_client

LOG_GROUP = "/aws-glue/jobs/output"
_LINES_KEPT = 2000


def publish_log(log: Path, *, run: str, account: str, region: str) -> None:
    """Copy the end of a run's log; a run is not failed by its log."""
    lines = log.read_text(errors="replace").splitlines()[-_LINES_KEPT:]
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines if line.strip()]
    logs = root_client("logs", account, region)
    try:
        if not logs.describe_log_groups(logGroupNamePrefix=LOG_GROUP)["logGroups"]:
            logs.create_log_group(logGroupName=LOG_GROUP)
        logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=run)
        if events:
            logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=run, logEvents=events)
    except (BotoCoreError, ClientError) as error:
        print(f"the log of {run} is only in {log}: {error}")  # noqa: T201 - this is the emulator's log

"""The calls of DMS that stop a replication and let it go on."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployment_account.release_check.command_line import UnreadableError

if TYPE_CHECKING:
    from deployment_account.release_check.command_line import CommandLine
    from deployment_account.replication_step.replications import Replication

NEVER_STARTED, AT_WORK = {"created", "ready"}, {"running", "replicating"}
AT_REST = {"stopped", "failed", "failed-move", "failed-provision", "failed_provision", "deprovisioned"}
"""DMS's words for serverless replications and for tasks; how it writes the last ones, no page says."""
PATIENCE_SECONDS = 40 * 60
PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class Dms:
    """DMS in one account and Region, with the rights of the operator role."""

    aws: CommandLine
    region: str
    account: str

    def settled_status(self, replication: Replication) -> str:
        """Wait until it works, rests or was never started, and say which.

        Raises:
            UnreadableError: it is between two states for too long.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (status := self.status(replication)) not in NEVER_STARTED | AT_WORK | AT_REST:
            if time.monotonic() > deadline:
                raise UnreadableError(
                    f"{replication.identifier} has been {status} for {PATIENCE_SECONDS // 60} minutes"
                )
            time.sleep(PAUSE_SECONDS)
        return status

    def stop(self, replication: Replication) -> str:
        """Stop it after what it is writing, wait until it rests, and say its status."""
        kind = "replication" if replication.is_serverless else "replication-task"
        self.aws.call("dms", f"stop-{kind}", **self._named(replication))
        deadline = time.monotonic() + PATIENCE_SECONDS
        # DMS may answer with the former status for a moment
        while (status := self.settled_status(replication)) not in AT_REST:
            if time.monotonic() > deadline:
                raise UnreadableError(f"{replication.identifier} is still {status}")
            time.sleep(PAUSE_SECONDS)
        return status

    def resume(self, replication: Replication) -> None:
        """Let it go on where it stopped; tables that were never loaded are loaded."""
        how = {"start_replication_type": "resume-processing"}
        kind = "replication"
        if not replication.is_serverless:
            how, kind = {"start_replication_task_type": "resume-processing"}, "replication-task"
        self.aws.call("dms", f"start-{kind}", **self._named(replication), **how)

    def _named(self, replication: Replication) -> dict[str, str]:
        name = "replication_config_arn" if replication.is_serverless else "replication_task_arn"
        return {name: replication.arn(self.region, self.account)}

    def status(self, replication: Replication) -> str:
        """DMS's word of this moment; it may not know a serverless replication that was never started."""
        arn = replication.arn(self.region, self.account)
        if replication.is_serverless:
            # the CLI reads one page of these, so it has to be told which one is wanted
            chosen = [{"Name": "replication-config-arn", "Values": [arn]}]
            told = self.aws.call("dms", "describe-replications", filters=json.dumps(chosen))["Replications"]
            name = "ReplicationConfigArn"
        else:
            asked = self.aws.call("dms", "describe-replication-tasks", "--without-settings")
            told, name = asked["ReplicationTasks"], "ReplicationTaskArn"
        return next((str(each["Status"]).lower() for each in told if each[name] == arn), "created")

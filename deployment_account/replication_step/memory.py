"""Which replications a pipeline has stopped and not yet started again: a parameter for each, until it goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from deployment_account.release_check.command_line import UnreadableError

if TYPE_CHECKING:
    from deployment_account.release_check.command_line import CommandLine

_MISSING = "ParameterNotFound"


@dataclass(frozen=True)
class Stopped:
    """That a pipeline stopped a replication, and whether its tables must be loaded again."""

    since: str
    needs_load_of_all: bool
    transformations: str = ""
    """The digest of those with which it ran; an earlier release remembered none."""

    @classmethod
    def now(cls, transformations: str) -> Stopped:
        """A stop at this moment of a replication that ran with these transformations."""
        since = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(since, needs_load_of_all=False, transformations=transformations)

    def needs_load_with(self, transformations: str) -> bool:
        """Whether tables need a load if it goes on with these; a change may have been taken back meanwhile."""
        return self.needs_load_of_all and transformations != self.transformations


@dataclass(frozen=True)
class Memory:
    """The parameters below one path; a deployment that fails leaves them for the next one."""

    aws: CommandLine
    path: str

    def recall(self, source: str) -> Stopped | None:
        """What was remembered of a source; None if no pipeline has stopped its replication."""
        try:
            found = self.aws.call("ssm", "get-parameter", name=self.path + source)
        except UnreadableError as error:
            if _MISSING in str(error):
                return None
            raise
        told = json.loads(found["Parameter"]["Value"])
        return Stopped(told["since"], told["needs_load_of_all"], told.get("transformations", ""))

    def remember(self, source: str, stopped: Stopped) -> None:
        """Remember a stop, before it happens: one that nobody remembers would last."""
        value = json.dumps(asdict(stopped))
        self.aws.call("ssm", "put-parameter", "--overwrite", name=self.path + source, value=value, type="String")

    def forget(self, source: str) -> None:
        """Forget a stop that has ended."""
        self.aws.call("ssm", "delete-parameter", name=self.path + source)

"""Whether a pipeline has stopped a replication for a deployment and not started it again (replication_step)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class StopOfPipeline:
    """The parameter by which a pipeline remembers a stop; the next deployment starts what has one."""

    ssm: Any
    parameter: str

    def since(self) -> str:
        """When it was stopped; empty if no pipeline did."""
        try:
            found = self.ssm.get_parameter(Name=self.parameter)
        except self.ssm.exceptions.ParameterNotFound:
            return ""
        return str(json.loads(found["Parameter"]["Value"])["since"])

    def forget(self) -> None:
        """Leave the replication to the person who starts or stops it now."""
        try:
            self.ssm.delete_parameter(Name=self.parameter)
        except self.ssm.exceptions.ParameterNotFound:
            return

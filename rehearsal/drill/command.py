"""The odp command as a person runs it in a drill: a process of its own that reaches the Regions that are reachable."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rehearsal.demo.workspace import ENVIRONMENT
from rehearsal.drill.region_lake import DrillError

_RUN = "from odp_cli.app import main; main()"
_SECONDS = 600
_SHOWN = 2_000


class OdpCommand:
    """Runs `odp` with a configuration and the variables of an emulator's account."""

    def __init__(self, configuration: Path, variables: dict[str, str]) -> None:
        self._configuration = configuration
        self._variables = {**os.environ, **variables}

    def run(self, *words: str) -> dict[str, Any]:
        """Run a command for the environment and return what it says as JSON.

        Raises:
            DrillError: it refused, or could not answer.
        """
        asked = [*words, "--env", ENVIRONMENT, "--platform", str(self._configuration), "--json"]
        done = self._process(asked)
        if done.returncode:
            said = (done.stdout + done.stderr)[-_SHOWN:]
            raise DrillError(f"odp {' '.join(words)} ended with {done.returncode}: {said}")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _process(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", _RUN, *words],
            env=self._variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

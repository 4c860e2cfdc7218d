"""The native function of a deployed lake, which is made to run with faults."""

from pathlib import Path

from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.torture.deployed.refresher_under_fire import RUN_FAULTS, RunFaults

_HANDLER = "odp.native.handler.handle"
_MODULE = "native_function_under_fire"
_PROJECT = Path(__file__).parents[3]
_ENTRY = """import sys
from functools import partial
from pathlib import Path

sys.path.append({project!r})
from rehearsal.torture.deployed import native_entry

handle = partial(native_entry.handle, Path({faults!r}))
"""


class NativeFunction:
    """Hands the faults of each execution over in a file, because all runs of the function have one entry point."""

    def __init__(self, lake: DeployedLake) -> None:
        self._faults = lake.folder_of_functions / f"{_MODULE}.json"
        self.expect(RunFaults({}, []))
        entry = _ENTRY.format(project=str(_PROJECT), faults=str(self._faults))
        (lake.folder_of_functions / f"{_MODULE}.py").write_text(entry)
        functions = lake.client("lambda")
        pages = functions.get_paginator("list_functions").paginate()
        found = [function for page in pages for function in page["Functions"] if function["Handler"] == _HANDLER]
        functions.update_function_configuration(FunctionName=found[0]["FunctionName"], Handler=f"{_MODULE}.handle")

    def expect(self, faults: RunFaults) -> None:
        """Let the function have these faults from its next run on."""
        self._faults.write_bytes(RUN_FAULTS.dump_json(faults))

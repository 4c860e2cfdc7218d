"""Runs one replication as a process: `python -m rehearsal.dms` with a JSON object as the first line of its input.

Further lines are commands: {"reload": [["schema", "table"]]} and {"stop": true}. At the end of its input it ends too,
as its owner has ended then. Its state is in the folder: checkpoint.json, and status.json for whoever asks.
"""

import json
import logging
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import boto3

from rehearsal.dms.definition import ReplicationDefinition
from rehearsal.dms.replication import Replication
from rehearsal.dms.setting_model import DmsSettingError
from rehearsal.dms.sinks import FolderSink, S3Sink, Sink
from rehearsal.dms.source_errors import ReplicationFailedError

STATUS = "status.json"
_log = logging.getLogger("rehearsal.dms")


def main() -> int:
    """Replicate until told to stop; 0 is a stop, 1 a failure that status.json explains."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    given = json.loads(sys.stdin.readline())
    folder = Path(given["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / STATUS, {"state": "starting"})
    try:
        definition = ReplicationDefinition.read(given["source"], given["target"], given["config"])
        replication = Replication(definition, given["connection"], _sink(given, definition), folder)
        if given.get("reload_all"):
            replication.forget()
        stopped = threading.Event()
        threading.Thread(target=_obey, args=(replication, stopped), daemon=True).start()
        replication.run(stopped, lambda: _tell(folder, "running", replication))
    except (DmsSettingError, ReplicationFailedError) as error:
        _log.error("%s", error)
        write_whole(folder / STATUS, {"state": "failed", "message": str(error)})
        return 1
    except Exception as error:  # noqa: BLE001 - whoever waits for the status must learn of it
        _log.exception("the replication failed")
        write_whole(folder / STATUS, {"state": "failed", "message": f"{type(error).__name__}: {error}"})
        return 1
    _tell(folder, "stopped", replication)
    return 0


def _sink(given: Mapping[str, Any], definition: ReplicationDefinition) -> Sink:
    """A folder, or S3 with what boto3's client needs: endpoint_url, region_name and the credentials of the role."""
    if "sink_folder" in given:
        return FolderSink(Path(given["sink_folder"]))
    return S3Sink(boto3.client("s3", **given["s3"]), definition.target)


def _obey(replication: Replication, stopped: threading.Event) -> None:
    for line in sys.stdin:
        command = json.loads(line)
        if "reload" in command:
            replication.ask_for_reload(*((schema, table) for schema, table in command["reload"]))
        if "stop" in command:
            stopped.set()
            return
    os._exit(1)  # whoever started this is gone, so nobody can stop it in order


def _tell(folder: Path, state: str, replication: Replication) -> None:
    checkpoint = replication.checkpoint
    tables = [asdict(table) for table in checkpoint.tables.values()]
    told = {"state": state, "pid": os.getpid(), "position": checkpoint.position, "tables": tables}
    write_whole(folder / STATUS, told)


def write_whole(file: Path, content: Mapping[str, Any]) -> None:
    """Replace a file by one with this content."""
    arriving = file.with_suffix(".new")
    arriving.write_text(json.dumps(content))
    arriving.replace(file)


if __name__ == "__main__":
    sys.exit(main())

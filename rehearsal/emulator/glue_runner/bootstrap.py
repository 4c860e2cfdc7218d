"""Runs inside the process of one Glue run: fetches the script as the job's role, runs it, copies its catalog."""

import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlparse

import boto3

from rehearsal.emulator.child_process import end_process_group, when_parent_ends
from rehearsal.emulator.glue_runner.arguments import Arguments, extra_python_files, uses_data_catalog
from rehearsal.emulator.glue_runner.catalog_copy import copy_catalog, make_default_database
from rehearsal.emulator.glue_runner.reused_jvm import enter_jvm, leave_jvm
from rehearsal.emulator.glue_runner.spark_conf import METASTORE

FAILURE_FILE = "failure"
_MESSAGE_LENGTH = 1000


def main(argv: list[str]) -> int:
    """Run `<folder> <script> <arguments>` and return the exit code; the reason of a failure is left in the folder."""
    when_parent_ends(end_process_group)
    folder, script, given = Path(argv[0]), argv[1], argv[2:]
    arguments = dict(zip(given[::2], given[1::2], strict=True))
    reasons = _run(folder, script, given, arguments)
    if reasons:
        (folder / FAILURE_FILE).write_text(reasons[0])
    return 1 if reasons else 0


def _run(folder: Path, script: str, given: list[str], arguments: Arguments) -> list[str]:
    """Run the script, and return why it failed, the first reason first; a JVM is left in order only by a success."""
    metastore = folder / METASTORE
    paths = extra_python_files(arguments)
    steps: list[Callable[[], None]] = [lambda: _run_script(_fetched(script, folder / "script"), given)]
    if uses_data_catalog(arguments):
        # Also after a failure: what the script has committed before is in its tables.
        steps.append(lambda: copy_catalog(metastore))
    before = [lambda: _put_on_path(folder / "python", paths), lambda: enter_jvm(folder)]
    if uses_data_catalog(arguments):
        before.append(make_default_database)
    reasons = _failures_of(before) or _failures_of(steps)
    if not reasons:
        _reason_of_failure(lambda: leave_jvm(folder, metastore))
    return reasons


def _failures_of(steps: Iterable[Callable[[], None]]) -> list[str]:
    """Take every step, also after one that fails."""
    return [reason for reason in [_reason_of_failure(step) for step in steps] if reason]


def _put_on_path(folder: Path, places: list[str]) -> None:
    paths = [str(_fetched(place, folder)) for place in places]
    sys.path[:0] = paths
    if paths:
        os.environ["PYTHONPATH"] = os.pathsep.join(paths)  # for Spark's Python workers


def _run_script(program: Path, given: list[str]) -> None:
    sys.argv = [str(program), *given]
    runpy.run_path(str(program), run_name="__main__")


def _fetched(place: str, folder: Path) -> Path:
    """Return a local copy of an S3 object, read as the job's role."""
    url = urlparse(place)
    local = folder / (Path(url.path).name or "unnamed")
    folder.mkdir(exist_ok=True)
    try:
        boto3.client("s3").download_file(url.netloc, url.path.lstrip("/"), str(local))
    except Exception as error:
        raise FileNotFoundError(f"{place or 'no script'} cannot be read: {error}") from error
    return local


def _reason_of_failure(step: Callable[[], None]) -> str:
    """Take the step and return its exception's last line, or nothing."""
    try:
        step()
    except SystemExit as ending:
        return "" if ending.code in (None, 0) else f"SystemExit: {ending.code}"
    except BaseException as error:  # noqa: BLE001 - whatever a script raises is its run's failure
        traceback.print_exc()
        return _in_one_line(error)
    return ""


def _in_one_line(error: BaseException) -> str:
    """Return the exception's first line and, of one that comes from the JVM, the cause at its root."""
    lines = traceback.format_exception_only(error)[-1].strip().splitlines()
    causes = [line for line in lines if line.startswith("Caused by: ")]
    return " ".join([lines[0], *causes[-1:]])[:_MESSAGE_LENGTH]


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # The runner ends the JVM together with the process group; waiting for its shutdown would take a second.
    os._exit(code)

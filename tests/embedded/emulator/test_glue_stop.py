"""An emulator that is stopped in the middle of a run leaves nothing of it: no script, no JVM."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from tests.embedded.emulator.test_glue_jvms import SESSION, WAITING
from tests.embedded.waiting import eventually
from tests.end_to_end.programs import processes_of

PATIENCE = 300


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """One that the test may end."""
    with Emulator(EmulatorSettings(run_directory=tmp_path / "run")) as emulator:
        yield emulator


def test_an_emulator_that_is_stopped_during_a_run_leaves_no_process(
    emulator: Emulator, make_job: Callable[..., str], aws: Callable[[str], Any], bucket: str,
    glue_log: Callable[[str], str], tmp_path: Path,
) -> None:  # fmt: skip
    job = make_job(SESSION + WAITING, kind="glueetl")
    run = aws("glue").start_job_run(JobName=job, Arguments={"--bucket": bucket})["JobRunId"]
    eventually(lambda: any((emulator.settings.logs / "glue").glob(f"*/{run}.log")), seconds=PATIENCE)
    eventually(lambda: glue_log(run), lambda log: "JVM" in log, PATIENCE)
    assert any("org.apache.spark" in command for command in processes_of(tmp_path).values())
    emulator.stop()
    assert processes_of(tmp_path) == {}

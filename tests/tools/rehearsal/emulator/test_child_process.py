"""Child processes end with their parents, and with all that they have started."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from rehearsal.emulator.child_process import ChildProcess

WATCHING = "from rehearsal.emulator import child_process as l; import time; l.when_parent_ends(l.end_process_group)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
WITH_GRANDCHILD = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"


@pytest.fixture
def children() -> Iterator[list[ChildProcess]]:
    started: list[ChildProcess] = []
    yield started
    for child in started:
        child.kill()


def _start(source: str, log: Path, children: list[ChildProcess]) -> ChildProcess:
    environment = {"PATH": os.environ["PATH"]}
    children.append(ChildProcess([sys.executable, "-c", source], environment=environment, log=log))
    return children[-1]


def _first_line(log: Path) -> str:
    return _eventually(lambda: log.read_text().splitlines()[0])


def _eventually(read: Callable[[], str]) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with suppress(IndexError, FileNotFoundError):
            return read()
        time.sleep(0.02)
    raise AssertionError("it does not come")


def _is_alive(pid: int) -> bool:
    try:
        return "\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + 120
    while _is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_child_in_order_is_stopped_by_a_request(tmp_path: Path, children: list[ChildProcess]) -> None:
    child = _start("import time; time.sleep(60)", tmp_path / "log", children)
    assert child.exit_code is None
    assert child.stop(grace=10) == -15


def test_a_child_that_ignores_the_request_is_ended_by_force(tmp_path: Path, children: list[ChildProcess]) -> None:
    child = _start(STUBBORN, tmp_path / "log", children)
    _first_line(tmp_path / "log")
    assert child.stop(grace=0.2) == -9


def test_what_a_child_has_started_ends_with_it(tmp_path: Path, children: list[ChildProcess]) -> None:
    child = _start(WITH_GRANDCHILD, tmp_path / "log", children)
    grandchild = int(_first_line(tmp_path / "log"))
    child.stop(grace=10)
    _wait_until_gone(grandchild)


def test_what_an_ended_child_has_left_behind_is_ended_too(tmp_path: Path, children: list[ChildProcess]) -> None:
    source = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True)"
    child = _start(source, tmp_path / "log", children)
    grandchild = int(_first_line(tmp_path / "log"))
    assert child.wait(60) == 0
    assert child.kill() == 0
    _wait_until_gone(grandchild)


def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    child = f"{WATCHING}; print(__import__('os').getpid(), flush=True); time.sleep(60)"
    source = (
        "import sys, time; from pathlib import Path; from rehearsal.emulator.child_process import ChildProcess\n"
        f"ChildProcess([sys.executable, '-c', {child!r}], environment={{}}, log=Path({str(tmp_path / 'log')!r}))\n"
        "time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", source])
    pid = int(_first_line(tmp_path / "log"))
    assert _is_alive(pid)
    parent.kill()
    parent.wait()
    _wait_until_gone(pid)


def test_output_is_in_the_log(tmp_path: Path, children: list[ChildProcess]) -> None:
    child = _start("import sys; print('out'); print('err', file=sys.stderr)", tmp_path / "deep" / "log", children)
    child.wait(60)
    assert sorted((tmp_path / "deep" / "log").read_text().split()) == ["err", "out"]


def test_waiting_ends_in_time(tmp_path: Path, children: list[ChildProcess]) -> None:
    assert _start("import time; time.sleep(60)", tmp_path / "log", children).wait(0.1) is None

"""The native function with a stopwatch around each call; this file is copied to where functions find their modules.

It writes a line of JSON for each call. If there is a folder for profiles, it profiles all threads of the call.
"""

import cProfile
import json
import pstats
import threading
import time
from pathlib import Path
from typing import Any

from odp.native import handler

MEASURES = Path(__file__).with_suffix(".jsonl")
PROFILES = Path(__file__).with_suffix(".profiles")


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own
    """Refresh the tables of a batch, and write down what it took."""
    cpu, wall, begun_at = time.process_time(), time.perf_counter(), time.time()
    try:
        answer: dict[str, Any] = _profiled(event, context) if PROFILES.is_dir() else handler.handle(event, context)
        return answer
    finally:
        taken = {
            "at": begun_at,
            "seconds": time.perf_counter() - wall,
            "cpu": time.process_time() - cpu,
            "cpu_before": cpu,
            "peak_bytes": _peak_bytes(),
        }
        with MEASURES.open("a") as file:
            file.write(json.dumps(taken) + "\n")


def _peak_bytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


def _profiled(event: dict[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own
    """Each thread has a profile of its own, which begins with the thread's first call."""
    profiles: list[cProfile.Profile] = []

    def begin(*_: object) -> None:
        profiles.append(cProfile.Profile(time.thread_time))
        profiles[-1].enable()

    threading.setprofile(begin)
    own = cProfile.Profile(time.thread_time)
    try:
        answer: dict[str, Any] = own.runcall(handler.handle, event, context)
    finally:
        threading.setprofile(None)
    found = pstats.Stats(own)
    for profile in profiles:
        profile.create_stats()
        if profile.stats:
            found.add(profile)
    found.dump_stats(PROFILES / f"{time.time_ns()}.prof")
    return answer

"""The JVMs that no run uses: the next run that would start one alike takes one of them instead.

Most of a short run's time is Spark's start in a new JVM, which has to load and compile what the run before it had. On
AWS each run has a JVM of its own, so a run gets one without anything of the runs before it (`lent_jvm`), and only those
that a run has left in order are kept.
"""

import secrets
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

from rehearsal.emulator.glue_runner.spark_jvm import SparkJvm


class JvmPool:
    """Keeps a few JVMs, the ones that were used last."""

    def __init__(self, folder: Path, *, at_most: int) -> None:
        self._folder = folder
        self._at_most = at_most
        self._lock = threading.Lock()
        self._idle: list[SparkJvm] = []
        self._retiring: list[threading.Thread] = []
        self._is_closed = False

    def take(self, launch_settings: Mapping[str, str], environment: Mapping[str, str]) -> SparkJvm:
        """Give a JVM with these settings to one run: the one that was used last, or a new one."""
        with self._lock:
            fit = [jvm for jvm in self._idle if jvm.launch_settings == launch_settings and jvm.may_run_again]
            if fit:
                self._idle.remove(fit[-1])
        folder = self._folder / f"jvm_{secrets.token_hex(8)}"
        jvm = fit[-1] if fit else SparkJvm.started(folder, launch_settings, environment)
        jvm.begin_run()
        return jvm

    def give_back(self, jvm: SparkJvm) -> None:
        """Keep a JVM that a run has left as it should, for another run."""
        with self._lock:
            if jvm.may_run_again and not self._is_closed:
                self._idle.append(jvm)
                surplus = [self._idle.pop(0)] if len(self._idle) > self._at_most else []
            else:
                surplus = [jvm]
            self._retire(surplus)

    def discard(self, jvm: SparkJvm) -> None:
        """End a JVM at once, with all that still runs in it."""
        jvm.kill()
        shutil.rmtree(jvm.folder, ignore_errors=True)

    def close(self) -> None:
        """End all that are kept, and wait until they have ended."""
        with self._lock:
            self._is_closed = True
            self._retire(self._idle)
            self._idle, retiring = [], self._retiring
        for thread in retiring:
            thread.join()

    def _retire(self, jvms: list[SparkJvm]) -> None:
        for jvm in jvms:
            thread = threading.Thread(target=_retire, args=(jvm,), daemon=True)
            thread.start()
            self._retiring = [*(other for other in self._retiring if other.is_alive()), thread]


def _retire(jvm: SparkJvm) -> None:
    jvm.retire()
    shutil.rmtree(jvm.folder, ignore_errors=True)

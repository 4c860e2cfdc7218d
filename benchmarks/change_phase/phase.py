"""One phase of one contender in a process of its own, as every refresh is a Glue run of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.change_phase.contenders import ON_SPARK, Contender
from benchmarks.change_phase.duckdb_rewrite import DUCKDB, DuckDbRewrite
from benchmarks.change_phase.merges import merge_settings
from benchmarks.change_phase.workload import STAGING, Workload
from benchmarks.spark import CORES, benchmark_session
from benchmarks.stopwatch import Duration, cpu_with_jvm, measured
from rehearsal import jars
from rehearsal.emulator.glue_runner import metastore_files

DELTA_PACKAGES = ("io.delta:delta-spark_2.12:3.3.2",)
"""What Glue 5.1 carries of Delta; the lake itself does without."""


class Step(StrEnum):
    """What a process does; rows are put where anyone can read them."""

    LOAD = "load"
    CHANGE = "change"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Phase:
    """A step of a contender on a workload; everything lies below `work`."""

    contender: str
    step: Step
    workload: Workload
    work: Path

    @property
    def buckets(self) -> Path:
        """Where the buckets are."""
        return self.work / "s3"

    @property
    def state(self) -> tuple[Path, Path]:
        """All that a contender keeps: its bucket and its metastore."""
        return self.buckets / self.contender, self.work / "metastores" / self.contender

    def exported(self, table: str) -> Path:
        """Where the rows of a table are put."""
        return self.work / "exported" / self.contender / table

    def run_in_own_process(self) -> Duration:
        """Run, and tell how long it took from the moment that the session was there."""
        log = self.work / f"{self.workload.name}-{self.contender}-{self.step}.log"
        arguments = [self.contender, self.step, json.dumps(asdict(self.workload)), str(self.work)]
        with log.open("w") as errors:
            command = [sys.executable, "-m", "benchmarks.change_phase.phase", *arguments]
            ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"{self.contender} failed to {self.step} {self.workload.name}:\n{log.read_text()}")
        return Duration(**json.loads(ended.stdout.splitlines()[-1]))

    def run(self) -> Duration:
        """Run in this process."""
        if self.contender == DUCKDB:
            return self.take(DuckDbRewrite(self.buckets, threads=CORES), time.process_time)
        with benchmark_session(self.work, (STAGING, *ON_SPARK), _settings(self.state[1])) as spark:
            return self.take(ON_SPARK[self.contender](spark, self.buckets), cpu_with_jvm(spark))

    def take(self, contender: Contender, cpu_seconds: Callable[[], float]) -> Duration:
        """Take the step."""
        tables = self.workload.source_tables
        with measured(cpu_seconds) as duration:
            if self.step is Step.LOAD:
                contender.load(tables)
            elif self.step is Step.CHANGE:
                contender.change(tables)
            else:
                for table in tables:
                    contender.export(table, self.exported(table.name))
        return duration


def _settings(metastore: Path) -> Mapping[str, str]:
    """Give what only contenders need: Delta's jars, the merges' catalogs, a metastore that is kept."""
    if not metastore.exists():
        metastore_files.copy_to(metastore)
    hive = {f"spark.hadoop.{name}": value for name, value in metastore_files.settings(metastore).items()}
    delta = jars.spark_jars(jars.cache_folder() / "delta", DELTA_PACKAGES)
    return {**hive, **merge_settings(), "spark.jars": ",".join(map(str, (*jars.spark_jars(), *delta)))}


if __name__ == "__main__":
    _contender, _step, _workload, _work = sys.argv[1:]
    _phase = Phase(_contender, Step(_step), Workload(**json.loads(_workload)), Path(_work))
    sys.stdout.write("\n" + json.dumps(asdict(_phase.run())) + "\n")

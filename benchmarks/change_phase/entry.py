"""Steps of one contender in a process of its own, as every refresh is a Glue run of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
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
from rehearsal.emulator.glue_runner import spark_settings


class Step(StrEnum):
    """What a contender does; exported rows are put where anyone can read them."""

    LOAD = "load"
    CHANGE = "change"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Entry:
    """One contender at a workload; everything lies below `work`."""

    contender: str
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

    def run_in_own_process(self, *steps: Step) -> list[Duration]:
        """Take steps in one session, and tell how long each took from the moment that the session was there."""
        log = self.work / f"{self.workload.name}-{self.contender}-{steps[0]}.log"
        arguments = [self.contender, json.dumps(asdict(self.workload)), str(self.work), *steps]
        with log.open("w") as errors:
            command = [sys.executable, "-m", "benchmarks.change_phase.entry", *arguments]
            ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors, text=True, check=False)
        if ended.returncode:
            raise RuntimeError(f"{self.contender} failed at {self.workload.name}:\n{log.read_text()}")
        return [Duration(**duration) for duration in json.loads(ended.stdout.splitlines()[-1])]

    def run(self, steps: Sequence[Step]) -> list[Duration]:
        """Take steps in this process."""
        if self.contender == DUCKDB:
            duckdb = DuckDbRewrite(self.buckets, threads=CORES)
            return [self.take(step, duckdb, time.process_time) for step in steps]
        with benchmark_session(self.work, (STAGING, *ON_SPARK), _settings(self.state[1])) as spark:
            contender = ON_SPARK[self.contender](spark, self.buckets)
            return [self.take(step, contender, cpu_with_jvm(spark)) for step in steps]

    def take(self, step: Step, contender: Contender, cpu_seconds: Callable[[], float]) -> Duration:
        """Take one step."""
        tables = self.workload.source_tables
        with measured(cpu_seconds) as duration:
            if step is Step.LOAD:
                contender.load(tables)
            elif step is Step.CHANGE:
                contender.change(tables)
            else:
                for table in tables:
                    contender.export(table, self.exported(table.name))
        return duration


def _settings(metastore: Path) -> Mapping[str, str]:
    """Return what only contenders need: Delta's jars, the merges' catalogs, a metastore that is kept."""
    if not metastore.exists():
        spark_settings.copy_metastore_to(metastore)
    hive = {f"spark.hadoop.{name}": value for name, value in spark_settings.metastore_settings(metastore).items()}
    delta = jars.spark_jars(jars.cache_folder() / "delta", jars.DELTA)
    return {**hive, **merge_settings(), "spark.jars": ",".join(map(str, (*jars.spark_jars(), *delta)))}


if __name__ == "__main__":
    _contender, _workload, _work, *_steps = sys.argv[1:]
    _entry = Entry(_contender, Workload(**json.loads(_workload)), Path(_work))
    sys.stdout.write("\n" + json.dumps([asdict(duration) for duration in _entry.run([*map(Step, _steps)])]) + "\n")

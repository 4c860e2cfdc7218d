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
from benchmarks.change_phase.odp_writer import ODP_NATIVE, NativeWriter
from benchmarks.change_phase.workload import STAGING, Workload
from benchmarks.spark import CORES, benchmark_session
from benchmarks.stopwatch import Duration, cpu_with_jvm, measured, peak_bytes, peak_of_jvm
from rehearsal import jars
from rehearsal.emulator.glue_runner import spark_settings

_CATALOG = "spark.sql.catalog.glue_catalog"


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
        bucket, metastore = self.state
        if self.contender == DUCKDB:
            return self.take(steps, DuckDbRewrite(self.buckets, threads=CORES))
        if self.contender == ODP_NATIVE:
            bucket.mkdir(parents=True, exist_ok=True)
            return self.take(steps, NativeWriter(self.buckets, metastore))
        if not metastore.exists():
            spark_settings.copy_metastore_to(metastore)
        properties = spark_settings.metastore_settings(metastore)
        with benchmark_session(self.work, (STAGING, *ON_SPARK), _settings(metastore), properties) as spark:
            contender = ON_SPARK[self.contender](spark, self.buckets)
            return self.take(steps, contender, cpu_with_jvm(spark), peak_of_jvm(spark))

    def take(
        self,
        steps: Sequence[Step],
        contender: Contender,
        cpu_seconds: Callable[[], float] = time.process_time,
        peak_elsewhere: Callable[[], int] = int,
    ) -> list[Duration]:
        """Take steps in turn; the memory of a step is the most that the processes have had until its end."""
        return [self._take(step, contender, cpu_seconds, peak_elsewhere) for step in steps]

    def _take(
        self, step: Step, contender: Contender, cpu_seconds: Callable[[], float], peak_elsewhere: Callable[[], int]
    ) -> Duration:
        tables = self.workload.source_tables
        with measured(cpu_seconds) as duration:
            if step is Step.LOAD:
                contender.load(tables)
            elif step is Step.CHANGE:
                contender.change(tables)
            else:
                for table in tables:
                    contender.export(table, self.exported(table.name))
        duration.peak_bytes = peak_bytes() + peak_elsewhere()
        return duration


def _settings(metastore: Path) -> Mapping[str, str]:
    """Return what only contenders need: Delta's jars, the merges' catalogs, a catalog of Iceberg that is kept."""
    hive = {f"spark.hadoop.{name}": value for name, value in spark_settings.metastore_settings(metastore).items()}
    delta = jars.spark_jars(jars.cache_folder() / "delta", jars.DELTA)
    kept = {
        f"{_CATALOG}.catalog-impl": "org.apache.iceberg.hive.HiveCatalog",
        f"{_CATALOG}.warehouse": str(metastore.parent / "warehouse"),
        "spark.hadoop.iceberg.engine.hive.lock-enabled": "false",  # Derby's metastore has no locks
    }
    return {**hive, **kept, **merge_settings(), "spark.jars": ",".join(map(str, (*jars.spark_jars(), *delta)))}


if __name__ == "__main__":
    _contender, _workload, _work, *_steps = sys.argv[1:]
    _entry = Entry(_contender, Workload(**json.loads(_workload)), Path(_work))
    sys.stdout.write("\n" + json.dumps([asdict(duration) for duration in _entry.run([*map(Step, _steps)])]) + "\n")

"""All pipelines of the emulator: deployed by CloudFormation, started by pushes, saved when the emulator stops."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline.definition import Definition, Document, UnsupportedPipelineError
from rehearsal.pipeline.execution import Execution, StageLocks, Surroundings, unsupported_actions
from rehearsal.pipeline.records import ExecutionRecord

_STOP_SECONDS = 10
_RUNNING = "InProgress"
_RECORDS = TypeAdapter(list[ExecutionRecord])


@dataclass
class Pipeline:
    """One deployed pipeline with its executions, the oldest first."""

    account: str
    region: str
    definition: Definition
    restarts: bool
    version: int = 1
    records: list[ExecutionRecord] = field(default_factory=list)
    running: dict[str, Execution] = field(default_factory=dict)
    locks: StageLocks = field(init=False)

    def __post_init__(self) -> None:
        self.locks = StageLocks(self.definition.mode)

    @property
    def name(self) -> str:
        """Its name, which is its key in account and Region."""
        return self.definition.name

    def execution(self, id_: str) -> ExecutionRecord | None:
        """One of its executions."""
        return next((record for record in self.records if record.id == id_), None)


class Pipelines:
    """The pipelines of one emulator."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self._settings = settings
        self._pipelines: dict[tuple[str, str, str], Pipeline] = {}
        self._lock = threading.RLock()
        self._load()

    def create(self, account: str, region: str, document: Document, *, restarts: bool) -> Pipeline:
        """Deploy a pipeline, which starts it, as on AWS."""
        definition = _supported(document)
        with self._lock:
            if (account, region, definition.name) in self._pipelines:
                raise UnsupportedPipelineError(f"there is a pipeline {definition.name} already")
            pipeline = Pipeline(account, region, definition, restarts)
            self._pipelines[account, region, definition.name] = pipeline
            self.start(pipeline, trigger="CreatePipeline")
        return pipeline

    def update(self, pipeline: Pipeline, document: Document, *, restarts: bool) -> None:
        """Give a pipeline another definition: cancel running executions, and restart it if `restarts`."""
        definition = _supported(document)
        with self._lock:
            pipeline.restarts = restarts
            if definition.document == pipeline.definition.document:
                return
            pipeline.version += 1
            for execution in pipeline.running.values():
                execution.end("Cancelled", f"the definition was updated to version {pipeline.version}")
            if definition.mode != pipeline.definition.mode:
                pipeline.locks = StageLocks(definition.mode, pipeline.locks.disabled)
            pipeline.definition = definition
            if restarts:
                self.start(pipeline, trigger="UpdatePipeline")

    def delete(self, account: str, region: str, name: str) -> None:
        """Take a pipeline away; what is under way is abandoned."""
        with self._lock:
            pipeline = self._pipelines.pop((account, region, name), None)
        for execution in list(pipeline.running.values()) if pipeline else ():
            execution.abandon("the pipeline was deleted")

    def find(self, account: str, region: str, name: str) -> Pipeline | None:
        """A pipeline of one account and Region."""
        return self._pipelines.get((account, region, name))

    def of(self, account: str, region: str) -> list[Pipeline]:
        """The pipelines of one account and Region."""
        return [each for each in self._pipelines.values() if (each.account, each.region) == (account, region)]

    def start(self, pipeline: Pipeline, *, trigger: str, revision: str = "") -> ExecutionRecord:
        """Begin an execution."""
        with self._lock:
            record = ExecutionRecord(len(pipeline.records) + 1, pipeline.version, trigger, revision=revision)
            pipeline.records.append(record)
            surroundings = Surroundings(
                self._settings, pipeline.region, self._settings.logs / "pipelines", self._forget_ended
            )
            execution = Execution(pipeline.definition, record, pipeline.locks, surroundings)
            pipeline.running[record.id] = execution
        execution.start()
        return record

    def stop_all(self) -> None:
        """End every execution and save what is known: the emulator is stopping."""
        running = list(self._running())
        for execution in running:
            execution.abandon("the emulator was stopped; push again, or start the pipeline anew")
        for execution in running:
            execution.wait(_STOP_SECONDS)
        self._save()

    def _running(self) -> Iterator[Execution]:
        with self._lock:
            return iter([each for pipeline in self._pipelines.values() for each in pipeline.running.values()])

    def _forget_ended(self) -> None:
        with self._lock:
            for pipeline in self._pipelines.values():
                pipeline.running = {
                    id_: each for id_, each in pipeline.running.items() if each.record.status == _RUNNING
                }

    @property
    def _file(self) -> Path:
        return self._settings.run_directory / "pipelines.json"

    def _save(self) -> None:
        saved = [
            {
                "account": each.account,
                "region": each.region,
                "document": each.definition.document,
                "restarts": each.restarts,
                "version": each.version,
                "disabled": each.locks.disabled,
                "executions": _RECORDS.dump_python(each.records),
            }
            for each in self._pipelines.values()
        ]
        temporary = self._file.with_suffix(".new")
        temporary.write_text(json.dumps(saved), encoding="utf-8")
        temporary.replace(self._file)

    def _load(self) -> None:
        if not self._file.exists():
            return
        for saved in json.loads(self._file.read_text(encoding="utf-8")):
            pipeline = Pipeline(
                saved["account"],
                saved["region"],
                Definition(saved["document"]),
                saved["restarts"],
                saved["version"],
                _RECORDS.validate_python(saved["executions"]),
            )
            pipeline.locks.disabled.update(saved.get("disabled", {}))
            self._pipelines[pipeline.account, pipeline.region, pipeline.name] = pipeline


def _supported(document: Document) -> Definition:
    definition = Definition(document)
    if unsupported := "; ".join(unsupported_actions(definition)):
        raise UnsupportedPipelineError(f"{definition.name} has actions that are not rehearsed: {unsupported}")
    return definition

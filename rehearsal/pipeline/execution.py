"""One execution of a pipeline: stage by stage, run order by run order, as the definition said when it began."""

import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline.action_run import Access, ActionRun, Actor, ArtifactStore, Variables, is_denied, service_session
from rehearsal.pipeline.actions import PROVIDERS
from rehearsal.pipeline.definition import Action, Definition, RehearsalError, Stage, resolved
from rehearsal.pipeline.records import ActionRecord, ExecutionRecord, tell_action, tell_execution

# Which execution may enter a stage: one at a time, and those that wait as the pipeline's execution mode says.
#
# QUEUED: in the order in which they were started.
# SUPERSEDED: the newest; it ends those that wait before the same stage.
# Nobody enters a stage whose inbound transition a person has disabled.
# docs/decisions/0010-rehearsed-pipelines.md cites what AWS says of it.


@dataclass
class _Stage:
    holder: int | None = None
    waiting: list[int] = field(default_factory=list)


class StageLocks:
    """The stages of one pipeline and the executions, known by their numbers, that are in or before them."""

    def __init__(self, mode: str, disabled: Mapping[str, str] = MappingProxyType({})) -> None:
        self.mode = mode
        self.disabled = dict(disabled)
        """The stages whose inbound transition is disabled, with the reasons."""
        self._stages: dict[str, _Stage] = {}
        self._changed = threading.Condition()

    def enter(self, stage: str, execution: int, *, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Wait for the stage and take it; False when a newer execution took the place, or this one is over."""
        with self._changed:
            place = self._stages.setdefault(stage, _Stage())
            self._queue(place, execution)
            self._changed.wait_for(
                lambda: (
                    is_over()
                    or execution not in place.waiting
                    or (stage not in self.disabled and _is_next(place, execution))
                )
            )
            if execution not in place.waiting:
                return False
            place.waiting.remove(execution)
            if is_over():
                self._changed.notify_all()
                return False
            place.holder = execution
            return True

    def leave(self, stage: str, execution: int) -> None:
        """Let the next execution in."""
        with self._changed:
            place = self._stages[stage]
            if place.holder == execution:
                place.holder = None
            self._changed.notify_all()

    def disable(self, stage: str, reason: str) -> None:
        """Let no execution in; one that is in the stage goes on."""
        with self._changed:
            self.disabled[stage] = reason

    def enable(self, stage: str) -> None:
        """Let executions in again."""
        with self._changed:
            self.disabled.pop(stage, None)
            self._changed.notify_all()

    def wake(self) -> None:
        """Let those who wait look whether they are over."""
        with self._changed:
            self._changed.notify_all()

    def _queue(self, place: _Stage, execution: int) -> None:
        place.waiting = sorted([*place.waiting, execution])
        if self.mode == "SUPERSEDED":
            place.waiting = place.waiting[-1:]
        self._changed.notify_all()


def _is_next(place: _Stage, execution: int) -> bool:
    return place.holder is None and place.waiting[0] == execution


_SERVICE = "codepipeline.amazonaws.com"
OnChange = Callable[[], None]


@dataclass(frozen=True)
class Surroundings:
    """What all executions of one emulator share."""

    settings: EmulatorSettings
    region: str
    folder: Path
    on_change: OnChange


class Execution:
    """An execution that is under way."""

    def __init__(
        self, definition: Definition, record: ExecutionRecord, locks: StageLocks, surroundings: Surroundings
    ) -> None:
        self.definition, self.record = definition, record
        self._locks, self._surroundings = locks, surroundings
        self._access = Access(surroundings.settings, surroundings.region)
        self._artifacts = ArtifactStore(definition, self._access)
        self._variables: dict[str, Variables] = {"codepipeline": {"PipelineExecutionId": record.id}}
        self._ending: tuple[str, str] | None = None
        self._stop_reason = ""
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"{definition.name}-{record.number}")

    def start(self) -> None:
        """Run in the background."""
        self._thread.start()

    def end(self, status: str, reason: str) -> None:
        """Begin no further action; what is under way comes to its end, but for approvals, which only wait."""
        self._ending = self._ending or (status, reason)
        self._locks.wake()

    def abandon(self, reason: str) -> None:
        """Begin no further action and stop those that are under way."""
        self._stop_reason = reason
        self.end("Stopped", reason)

    def wait(self, seconds: float) -> None:
        """Wait for the end."""
        self._thread.join(seconds)

    @property
    def folder(self) -> Path:
        """Where the actions log."""
        return self._surroundings.folder / self.definition.name / self.record.id

    def _run(self) -> None:
        tell_execution(self.definition, self.record, self._surroundings.region)
        try:
            status, reason = self._run_stages()
        except Exception:  # noqa: BLE001 - a fault of the rehearsal must not look like a pipeline that still runs
            status, reason = "Failed", f"fault of the rehearsal itself: {traceback.format_exc()}"
        self.record.end(status, reason)
        tell_execution(self.definition, self.record, self._surroundings.region)
        self._surroundings.on_change()

    def _run_stages(self) -> tuple[str, str]:
        for stage in self.definition.stages:
            is_in = self._locks.enter(stage.name, self.record.number, is_over=lambda: self._ending is not None)
            if not is_in:
                return self._ending or ("Superseded", f"a newer execution went on before stage {stage.name}")
            try:
                has_succeeded = self._run_stage(stage)
            finally:
                self._locks.leave(stage.name, self.record.number)
            if self._ending or not has_succeeded:
                return self._ending or ("Failed", f"stage {stage.name} failed")
        return "Succeeded", ""

    def _run_stage(self, stage: Stage) -> bool:
        for group in stage.groups:
            if self._ending:
                return False
            threads = [threading.Thread(target=self._run_action, args=(stage, action)) for action in group]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            records = [self.record.of(stage.name, action.name) for action in group]
            if not all(record and record.status == "Succeeded" for record in records):
                return False
        return True

    def _run_action(self, stage: Stage, action: Action) -> None:
        role = action.role_arn or self.definition.role_arn
        record = ActionRecord(stage.name, action.name, action.category, action.provider, role)
        self.record.actions.append(record)
        tell_action(self.definition, self.record, record, self._surroundings.region)
        try:
            variables = self._carry_out(action, record)
        except RehearsalError as error:
            record.end("Abandoned" if self._stop_reason else "Failed", str(error))
        except ClientError as error:
            mend = ". To mend it: allow it in the policies of that role" if is_denied(error) else ""
            record.end("Failed", f"{error}{mend}")
        except (BotoCoreError, OSError) as error:
            record.end("Abandoned" if self._stop_reason else "Failed", str(error))
        except Exception:  # noqa: BLE001 - as above
            record.end("Failed", f"fault of the rehearsal itself: {traceback.format_exc()}")
        else:
            record.end("Succeeded")
            if action.namespace:
                self._variables[action.namespace] = variables
        self.record.updated = record.ended or self.record.updated
        tell_action(self.definition, self.record, record, self._surroundings.region)

    def _carry_out(self, action: Action, record: ActionRecord) -> Variables:
        pipeline = Actor(service_session(self.definition.role_arn, _SERVICE, self.record.id), self.definition.role_arn)
        actor = pipeline
        if action.role_arn:
            session = self._access.chained(
                pipeline.session, action.role_arn, caller=pipeline.role_arn, name=self.record.id
            )
            actor = Actor(session, action.role_arn)
        self.folder.mkdir(parents=True, exist_ok=True)
        return PROVIDERS[action.kind](
            ActionRun(
                action=action,
                configuration=resolved(action.configuration, self._variables),
                definition=self.definition,
                execution=self.record,
                record=record,
                actor=actor,
                pipeline=pipeline,
                artifacts=self._artifacts,
                access=self._access,
                settings=self._surroundings.settings,
                region=self._surroundings.region,
                folder=self.folder,
                stop_reason=lambda: self._reason_to_stop(action),
            )
        )

    def _reason_to_stop(self, action: Action) -> str:
        if action.category == "Approval" and self._ending:
            return self._ending[1]
        return self._stop_reason


def unsupported_actions(definition: Definition) -> list[str]:
    """The actions that nobody here carries out."""
    return [
        f"{stage.name}/{action.name}: {action.category} by {action.provider}"
        for stage in definition.stages
        for action in stage.actions
        if action.kind not in PROVIDERS
    ]

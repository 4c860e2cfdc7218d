"""One action while it runs: what it is to do, as whom, and what it may know of the execution around it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline.access import Access
from rehearsal.pipeline.artifact_store import Actor, ArtifactStore
from rehearsal.pipeline.definition import Action, Definition
from rehearsal.pipeline.errors import ActionFailedError
from rehearsal.pipeline.records import ActionRecord, ExecutionRecord

Variables = dict[str, str]
POLL_SECONDS = 0.2


@dataclass(frozen=True)
class ActionRun:
    """What a provider is given."""

    action: Action
    configuration: Mapping[str, str]
    definition: Definition
    execution: ExecutionRecord
    record: ActionRecord
    actor: Actor
    pipeline: Actor
    """CodePipeline itself, which has no more rights than the pipeline's role."""
    artifacts: ArtifactStore
    access: Access
    settings: EmulatorSettings
    region: str
    folder: Path
    """For logs and whatever else the action leaves."""
    stop_reason: Callable[[], str]
    """Why the action must not go on, empty as long as it may."""

    def go_on(self) -> None:
        """Fail an action whose execution was stopped."""
        if reason := self.stop_reason():
            raise ActionFailedError(reason)

    def required(self, name: str) -> str:
        """A configuration value that the provider cannot do without."""
        if not self.configuration.get(name):
            raise ActionFailedError(f"{self.action.provider}: {name} is missing in the action's configuration")
        return self.configuration[name]


Provider = Callable[[ActionRun], Variables]

"""The stacks of this project, synthesised as they are and deployed as they are."""

from pathlib import Path

from rehearsal.deployment.deployer import Progress, deploy
from rehearsal.deployment.synth import synthesise
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings


def test_the_dev_environment_is_synthesised_and_deployed_unmodified(tmp_path: Path) -> None:
    infra, etl = synthesise("dev", tmp_path / "out")
    assert infra.stacks
    assert etl.stacks
    seen: list[Progress] = []
    with Emulator(EmulatorSettings(run_directory=tmp_path / "run")) as emulator:
        for assembly in (infra, etl):
            deploy(assembly, emulator, seen.append)
    created = [progress.subject for progress in seen if progress.step == "created"]
    assert created == [stack.name for assembly in (infra, etl) for stack in assembly.stacks]

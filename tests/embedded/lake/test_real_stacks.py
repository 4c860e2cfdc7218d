"""The stacks of this project, synthesised as they are and deployed as they are: the lake of all tests here."""

from pathlib import Path

import pytest

from rehearsal.deployment.assembly import Assembly
from rehearsal.deployment.deployer import Progress


@pytest.mark.usefixtures("deployed_lake")
def test_the_dev_environment_is_synthesised_and_deployed_unmodified(assemblies: Path, progress: list[Progress]) -> None:
    infra, etl = (Assembly(assemblies / app) for app in ("infra-repo", "etl-repo"))
    assert infra.stacks
    assert etl.stacks
    created = [step.subject for step in progress if step.step == "created"]
    assert created == [stack.name for assembly in (infra, etl) for stack in assembly.stacks]

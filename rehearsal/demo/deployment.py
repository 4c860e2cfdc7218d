"""Deploys a lake without output, for tests and tools that need one."""

from pathlib import Path

from deployment_account.environments import load_platform
from rehearsal.demo.configuration import wait_until_decided
from rehearsal.demo.demo import CONFIGURATION
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.deployment.deployer import OnProgress, deploy
from rehearsal.deployment.synth import synthesise
from rehearsal.emulator.process import Emulator


def deploy_lake(
    environment: str,
    emulator: Emulator,
    assemblies: Path,
    *,
    configuration: Path = CONFIGURATION,
    on_progress: OnProgress = lambda _: None,
) -> DeployedLake:
    """Deploy an environment as synthesised, and return when its manifests are the running configuration."""
    platform = load_platform(configuration)
    for assembly in synthesise(environment, assemblies, context={"environments": str(configuration.resolve())}):
        deploy(assembly, emulator, on_progress)
    lake = DeployedLake(platform, platform.environments[environment], emulator)
    wait_until_decided(lake, "the deployed manifests", say=lambda _: None)
    return lake

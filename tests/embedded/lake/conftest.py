"""The dev lake, deployed once as synthesised, for the tests of all its flows."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import boto3
import pytest
from botocore.config import Config

from rehearsal.demo.configuration import deploy_lake
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.workspace import ENVIRONMENT
from rehearsal.deployment.deployer import Progress
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings

RACERS = 8
Race = Callable[[Sequence[Callable[[], Any]]], list[Any]]


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator whose Glue minutes are whole ones: real refreshes on a busy machine take their time."""
    with Emulator(EmulatorSettings(run_directory=tmp_path_factory.mktemp("lake"))) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def assemblies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each app is synthesised into a folder of its name."""
    return tmp_path_factory.mktemp("assemblies")


@pytest.fixture(scope="session")
def progress() -> list[Progress]:
    """What the deployment of the lake has told."""
    return []


@pytest.fixture(scope="session")
def deployed_lake(emulator: Emulator, assemblies: Path, progress: list[Progress]) -> DeployedLake:
    return deploy_lake(ENVIRONMENT, emulator, assemblies, on_progress=progress.append)


@pytest.fixture(scope="session")
def connections(emulator: Emulator, deployed_lake: DeployedLake) -> list[Any]:
    """A connection for each thread that races: a boto3 resource belongs to one thread."""
    environment = deployed_lake.environment
    return [
        boto3.session.Session().resource(
            "dynamodb",
            endpoint_url=emulator.endpoint,
            region_name=environment.region,
            aws_access_key_id=environment.account,
            aws_secret_access_key=emulator.root_secret,
            config=Config(retries={"max_attempts": 0}),
        )
        for _ in range(RACERS)
    ]


@pytest.fixture
def race() -> Iterator[Race]:
    """Call functions at the same moment, each in a thread of its own, and return what each answered."""
    with ThreadPoolExecutor(RACERS) as threads:

        def start(calls: Sequence[Callable[[], Any]]) -> list[Any]:
            together = Barrier(len(calls), timeout=10)

            def run(call: Callable[[], Any]) -> Any:
                together.wait()
                return call()

            return list(threads.map(run, calls))

        yield start

"""The dev lake, deployed once as synthesised; every test finds its books empty."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from odp.dynamodb.file_tracker import DynamoDbFileTracker

from deployment_account.environments import load_platform
from deployment_account.names import OdpTable, Shared
from rehearsal.demo.configuration import wait_until_decided
from rehearsal.demo.demo import CONFIGURATION, ENVIRONMENT
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.deployment.deployer import deploy
from rehearsal.deployment.synth import synthesise
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import ROOT_SECRET, EmulatorSettings
from tests.embedded.odp.books import Books

RACERS = 8


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator whose Glue minutes are whole ones: real refreshes on a busy machine take their time."""
    with Emulator(EmulatorSettings(run_directory=tmp_path_factory.mktemp("lake"))) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def deployed_lake(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> DeployedLake:
    platform = load_platform(CONFIGURATION)
    for assembly in synthesise(ENVIRONMENT, tmp_path_factory.mktemp("assemblies")):
        deploy(assembly, emulator)
    lake = DeployedLake(platform, platform.environments[ENVIRONMENT], emulator)
    wait_until_decided(lake, "the deployed manifests", say=lambda _: None)
    return lake


@pytest.fixture
def lake(deployed_lake: DeployedLake) -> Iterator[DeployedLake]:
    """The lake with empty books; events that a test leaves behind would disturb the next one."""
    books = Books(deployed_lake)
    books.empty()
    yield deployed_lake
    books.wait_for_file_manager()


@pytest.fixture
def books(lake: DeployedLake) -> Books:
    return Books(lake)


@pytest.fixture
def tracker(lake: DeployedLake) -> DynamoDbFileTracker:
    names = lake.table(OdpTable.FILE_TRACKER), lake.table(OdpTable.FILE_TRACKER_HISTORY)
    return DynamoDbFileTracker(lake.dynamodb, *names)


@pytest.fixture(scope="session")
def put(deployed_lake: DeployedLake) -> Callable[..., str]:
    """Put an object into the staging bucket and return its version."""
    s3, bucket = deployed_lake.client("s3"), deployed_lake.published(Shared.STAGING_BUCKET)
    return lambda key, body=b"PAR1": str(s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])


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
            aws_secret_access_key=ROOT_SECRET,
            config=Config(retries={"max_attempts": 0}),
        )
        for _ in range(RACERS)
    ]

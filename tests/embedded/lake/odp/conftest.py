"""The dev lake as a data engineer of ODP sees it; every test finds an empty ledger."""

from collections.abc import Callable, Iterator

import pytest
from odp.dynamodb.file_tracker import DynamoDbFileTracker

from deployment_account.names import OdpTable, Shared
from rehearsal.demo.deployed_lake import DeployedLake
from tests.embedded.lake.odp.ledger import Ledger

RACERS = 8


@pytest.fixture
def lake(deployed_lake: DeployedLake) -> Iterator[DeployedLake]:
    """The lake with an empty ledger and staging bucket; events left by one test would disturb the next."""
    ledger = Ledger(deployed_lake)
    ledger.start_anew()
    yield deployed_lake
    ledger.wait_for_file_manager()


@pytest.fixture
def ledger(lake: DeployedLake) -> Ledger:
    return Ledger(lake)


@pytest.fixture
def tracker(lake: DeployedLake) -> DynamoDbFileTracker:
    names = lake.table(OdpTable.FILE_TRACKER), lake.table(OdpTable.FILE_TRACKER_HISTORY)
    return DynamoDbFileTracker(lake.dynamodb, *names)


@pytest.fixture(scope="session")
def put(deployed_lake: DeployedLake) -> Callable[..., str]:
    """Put an object into the staging bucket and return its version."""
    s3, bucket = deployed_lake.client("s3"), deployed_lake.published(Shared.STAGING_BUCKET)
    return lambda key, body=b"PAR1": str(s3.put_object(Bucket=bucket, Key=key, Body=body)["VersionId"])

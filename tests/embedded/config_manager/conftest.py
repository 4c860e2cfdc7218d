"""A lake whose configuration the tests may change as they like: the test environment, deployed as synthesised."""

from collections.abc import Iterator

import pytest

from deployment_account.names import Odp
from rehearsal.demo.configuration import deploy_lake
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.emulator.process import Emulator
from tests.embedded.config_manager.configurations import Configurations

ENVIRONMENT = "test"


@pytest.fixture(scope="session")
def deployed_lake(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> DeployedLake:
    return deploy_lake(ENVIRONMENT, emulator, tmp_path_factory.mktemp("assemblies"))


@pytest.fixture
def configurations(deployed_lake: DeployedLake) -> Configurations:
    """Requests to the lake's Configuration Manager, by events as everybody's are."""
    return Configurations(deployed_lake)


@pytest.fixture(scope="module")
def without_events(deployed_lake: DeployedLake) -> Iterator[None]:
    """Events wait in the queue until the module's last test has ended; then they come as redeliveries.

    Enabled between two tests, the mapping would start deliveries that overtake the second test's own requests.
    """
    functions = deployed_lake.client("lambda")
    name = deployed_lake.published(Odp.CONFIG_MANAGER_FUNCTION)
    (mapping,) = functions.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    yield
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)

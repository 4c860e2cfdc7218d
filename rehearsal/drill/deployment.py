"""Both Regions of the drill's environment, deployed as synthesised."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployment_account.environments import load_platform
from rehearsal.demo.configuration import changed_configuration, wait_until_decided
from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.workspace import ENVIRONMENT
from rehearsal.deployment.assembly import synthesise
from rehearsal.deployment.deployer import deploy
from rehearsal.drill.region_lake import CADENCE, RegionLake
from rehearsal.drill.source import KEY, SCHEMA
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.regions.control import RegionControl
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.source.dms import CHANGE_SEQUENCE

SECONDARY = "us-west-2"
DATABASE = "odpf_demo_taxi_trips_raw"
SHORTEST_MINUTES = 1
"""The least that a configuration allows for the lag of a warm standby and for the time between its refreshes."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Drilled:
    """What a drill works with."""

    emulator: Emulator
    configuration: Path
    primary: RegionLake
    secondary: RegionLake
    control: RegionControl


@contextmanager
def two_regions(folder: Path, *, mode: str, native: Sequence[str], hudi: Sequence[str], say: Say) -> Iterator[Drilled]:
    """Deploy the dev environment with a secondary Region, and return when both run the drill's tables."""
    secondary = {
        "region": SECONDARY,
        "availability_zones": [f"{SECONDARY}a", f"{SECONDARY}b"],
        "vpc_cidr": "10.90.0.0/16",
        "mode": mode,
        "lag_minutes": SHORTEST_MINUTES,
        "refresh_minutes": SHORTEST_MINUTES,
    }
    configuration = changed_configuration(folder, secondary=secondary, odp={"schedules": "disabled"}).resolve()
    manifests = folder / "manifests"
    manifests.mkdir()
    (manifests / "drill.json").write_text(json.dumps(_manifest(native, hudi)))
    with Emulator(EmulatorSettings(run_directory=folder / "emulator")) as emulator:
        say("synthesising both Regions")
        context = {"environments": str(configuration), "table_configs": str(manifests)}
        for assembly in synthesise(ENVIRONMENT, folder / "assemblies", context=context):
            deploy(assembly, emulator, lambda step: say(f"{step.step} {step.subject}"))
        platform = load_platform(configuration)
        regions = platform.environments[ENVIRONMENT].regions
        lakes = [RegionLake(DeployedLake(platform, each, emulator)) for each in regions]
        for lake in lakes:
            wait_until_decided(lake.lake, f"the drill's tables in {lake.region}", say=lambda _: None)
        control = RegionControl(emulator, platform.environments[ENVIRONMENT].account)
        yield Drilled(emulator, configuration, lakes[0], lakes[1], control)


def _manifest(native: Sequence[str], hudi: Sequence[str]) -> dict[str, object]:
    batch = {
        "refresh_cadence": CADENCE,
        "glue_job_name": "odpf_file_processor",
        "glue_job_worker_type": "G.1X",
        "glue_job_max_workers": 2,
    }
    return {
        "batch_configs": [batch],
        "defaults": {
            "refresh_cadence": CADENCE,
            "primary_key": KEY,
            "partition_key": "",
            "change_sequence": CHANGE_SEQUENCE,
            "raw_database_name": DATABASE,
        },
        "raw_table_configs": [
            *(
                {"source_table_name": f"{SCHEMA}.{name}", "table_format": "iceberg", "engine": "native"}
                for name in native
            ),
            *({"source_table_name": f"{SCHEMA}.{name}", "table_format": "hudi"} for name in hudi),
        ],
    }

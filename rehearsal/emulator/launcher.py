"""The emulator's process: ministack with this project's extensions, on a socket that the parent has opened.

Its settings are the first line of its standard input: every user of the machine can read its command line.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, cast

from hypercorn.asyncio import serve
from hypercorn.config import Config

from rehearsal.dms import api as dms
from rehearsal.dms.service import DmsService
from rehearsal.emulator import (
    athena,
    catalog_entries,
    execution_role,
    iam,
    lambda_functions,
    resource_types,
    s3_objects,
    service_refusals,
    stacks,
    state_machines,
    table_optimizers,
)
from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator.account_root import use_root_secret
from rehearsal.emulator.child_process import when_parent_ends
from rehearsal.emulator.gate import Application, Gate
from rehearsal.emulator.glue_runner import api as glue_api
from rehearsal.emulator.glue_runner.api import StartThrottle
from rehearsal.emulator.glue_runner.runner import GlueRunner
from rehearsal.emulator.regions import api as regions_api
from rehearsal.emulator.regions.border import Border
from rehearsal.emulator.regions.item_replication import ItemReplication
from rehearsal.emulator.regions.network import RegionNetwork
from rehearsal.emulator.regions.object_replication import ObjectReplication
from rehearsal.emulator.request_record import RequestRecord
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline import api as codepipeline
from rehearsal.pipeline.pipelines import Pipelines
from rehearsal.private_files import PRIVATE_MASK

Stop = Callable[[], None]
_KEEP_ALIVE_SECONDS = 75


def install(settings: EmulatorSettings) -> Stop:
    """Put all extensions into ministack, in this order, and return what ends the work they have started."""
    iam.record_calls(settings.calls)
    iam.install()
    s3_objects.install()
    lambda_functions.install(settings)
    athena.install()
    resource_types.install()
    stacks.install()
    execution_role.install()
    service_refusals.install()
    catalog_entries.install()
    table_optimizers.install()
    runner = GlueRunner(settings)
    glue_api.install(runner, StartThrottle(settings.glue_starts_per_second))
    state_machines.install(settings, runner)
    pipelines = Pipelines(settings)
    codepipeline.install(pipelines)
    replications = DmsService(settings)
    dms.install(replications)

    def stop() -> None:
        pipelines.stop_all()
        replications.stop_all()
        runner.stop_all()

    return stop


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or the parent's end, then save the state and leave nothing running."""
    os.umask(PRIVATE_MASK)
    patches.require_supported_version()
    settings = EmulatorSettings.from_json(sys.stdin.readline())
    use_root_secret(settings.root_secret)
    _take(settings.run_directory)
    stop_extensions = install(settings)
    application = patches.APPLICATION.value
    recorded = RequestRecord(application, Path(settings.requests)) if settings.requests else application
    network = RegionNetwork()
    border = _install_regions(network, recorded)
    gate = Gate(border, port=settings.port)
    serving = _serve_until_stopped(gate, network, listener=int(arguments[0]), stop=stop_extensions)
    asyncio.new_event_loop().run_until_complete(serving)
    shutil.rmtree(settings.temporary, ignore_errors=True)
    sys.stdout.flush()
    # Worker threads may hold requests that nobody will answer any more; the state is on disk.
    os._exit(0)


def _install_regions(network: RegionNetwork, application: Application) -> Border:
    ObjectReplication(network).install()
    ItemReplication(network).install()
    border = Border(application, network)
    regions_api.install(network, border)
    return border


def _take(run_directory: Path) -> None:
    lock = os.open(run_directory / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit(f"another emulator runs in {run_directory}") from None


def _call_later(loop: asyncio.AbstractEventLoop, seconds: float, call: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(loop.call_later, seconds, call)


async def _serve_until_stopped(gate: Gate, network: RegionNetwork, *, listener: int, stop: Stop) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    network.use(partial(_call_later, loop))
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    when_parent_ends(partial(loop.call_soon_threadsafe, stopping.set))
    config = Config()
    config.bind = [f"fd://{listener}"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.graceful_timeout = 1

    async def stopped() -> None:
        await stopping.wait()
        await loop.run_in_executor(None, stop)

    await serve(cast("Any", gate), config, shutdown_trigger=stopped)


if __name__ == "__main__":
    main(sys.argv[1:])

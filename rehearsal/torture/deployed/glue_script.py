"""The File Processor's job with faults at its ports' boundaries."""

from collections.abc import Sequence

from odp.file_processor import job

from rehearsal.torture.deployed.refresher_under_fire import inject_faults


def main(faults: str, argv: Sequence[str]) -> None:
    """Run the job with faults."""
    inject_faults(faults)
    job.main(argv)

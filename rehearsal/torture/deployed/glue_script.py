"""The File Processor's job with faults at its ports' boundaries."""

from collections.abc import Sequence

from odp.file_processor import job

from rehearsal.torture.deployed.refresher_under_fire import befall


def main(faults: str, argv: Sequence[str]) -> None:
    """Run the job under fire."""
    befall(faults)
    job.main(argv)

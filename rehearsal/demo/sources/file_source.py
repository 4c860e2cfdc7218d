"""A source without a server: a database in one file, and the files that AWS DMS would write of it."""

from collections.abc import Generator

from rehearsal.demo.deployed_lake import DeployedLake
from rehearsal.demo.executions import Landing
from rehearsal.demo.progress import Steps
from rehearsal.demo.sources.source import Phase
from rehearsal.report.model import Section
from rehearsal.source.database import SourceDatabase
from rehearsal.source.dms import DmsTask, S3Sink
from rehearsal.source.reference_tables import change_reference_tables
from rehearsal.source.taxi_trips import apply_changes


class FileSource:
    """Changes happen between the phases, never during a refresh."""

    def __init__(self, database: SourceDatabase) -> None:
        self.database = database

    def phases(self, lake: DeployedLake, steps: Steps) -> Generator[Phase, None, None]:
        """Write a full load, then the changes of a business day."""
        task = DmsTask(self.database, S3Sink(lake.client("s3"), lake.published("buckets/staging")))
        landing = Landing.begin(lake)
        with steps.step("Write the full load to the staging bucket") as step:
            files = task.full_load()
            step.say(f"{len(files)} files, {sum(file.size for file in files) / 1e6:.0f} MB")
        yield Phase("full load", landing, len(files), lake.pending_files)
        landing = Landing.begin(lake)
        with steps.step("Change rows of several tables and write the changes") as step:
            changed = (*apply_changes(self.database), *change_reference_tables(self.database))
            files = task.replicate()
            statements = sum(table.inserted + table.updated + table.deleted for table in changed)
            step.say(f"{statements:,} changes in {len(changed)} tables, {len(files)} files")
        yield Phase("changes", landing, len(files), lake.pending_files)

    def sections(self, lake: DeployedLake) -> tuple[Section, ...]:  # noqa: ARG002 - as every source
        """Nothing flowed while the lake refreshed."""
        return ()

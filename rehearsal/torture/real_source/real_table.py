"""The real side of a table of a history: templates that say what the tester's settings say, and what is written."""

import io
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rehearsal.dms.definition import ReplicationDefinition
from rehearsal.dms.replication import Replication
from rehearsal.source.dms import CHANGE_SEQUENCE, DmsSettings
from rehearsal.torture.dms_files import BEFORE, SCHEMA_NAME
from rehearsal.torture.real_source.engines import RealEngine


@dataclass
class RealFiles:
    """A sink that keeps what was written since one last looked."""

    files: list[tuple[str, pa.Table]] = field(default_factory=list)

    def put(self, key: str, body: bytes) -> None:
        """Keep one file."""
        self.files.append((key, pq.read_table(io.BytesIO(body))))

    def remove(self, prefix: str) -> None:
        """Nothing is removed: the settings say so."""
        raise AssertionError(f"{prefix} was to be removed")

    def taken(self) -> list[tuple[str, pa.Table]]:
        """The files since the last call."""
        taken, self.files = self.files, []
        return taken


@dataclass
class RealTable:
    """The real side of a table: its replications and where they write."""

    schema: str
    table: str
    engine: RealEngine
    folder: Path
    differences: list[str]
    """Where every difference is reported."""
    compared: Counter[str]
    """Where the compared rows are counted, by what they are."""
    files: RealFiles = field(default_factory=RealFiles)

    def replication(self, kind: str, settings: DmsSettings, *, before_images: bool) -> Replication:
        """A replication whose settings say what the tester's settings say."""
        definition = definition_of(self, kind, settings, before_images=before_images)
        return Replication(definition, self.engine.server.connection(), self.files, self.folder / kind)


def definition_of(real: RealTable, kind: str, settings: DmsSettings, *, before_images: bool) -> ReplicationDefinition:
    """The templates that say what the tester's settings say."""
    s3: dict[str, Any] = {
        "BucketName": "staging", "BucketFolder": settings.folder, "DataFormat": "parquet",
        "IncludeOpForFullLoad": settings.op_on_full_load,
    }  # fmt: skip
    if settings.date_partitions:
        s3 |= {
            "DatePartitionEnabled": True,
            "DatePartitionSequence": settings.date_partitions.sequence,
            "DatePartitionDelimiter": settings.date_partitions.delimiter,
        }
    return ReplicationDefinition.read(
        real.engine.ENDPOINT,
        {"EndpointType": "target", "EngineName": "s3", "S3Settings": s3},
        {
            "ReplicationType": kind,
            "TableMappings": {"rules": _rules(real.schema, real.table, before_images=before_images)},
            "ReplicationSettings": {
                "TargetMetadata": {"SupportLobs": True, "LimitedSizeLobMode": True},
                "FullLoadSettings": {"TargetTablePrepMode": "DO_NOTHING"},
                "ChangeProcessingDdlHandlingPolicy": {
                    "HandleSourceTableTruncated": False,
                    "HandleSourceTableDropped": False,
                },
                "ErrorBehavior": {"DataErrorPolicy": "STOP_TASK", "DataTruncationErrorPolicy": "STOP_TASK"},
            },
        },
    )


def _rules(schema: str, table: str, *, before_images: bool) -> list[dict[str, Any]]:
    here = {"schema-name": schema, "table-name": table.replace("_", "[_]")}
    column = {"rule-type": "transformation", "rule-target": "column", "object-locator": here}
    sequence = {
        "value": CHANGE_SEQUENCE,
        "expression": "$AR_H_CHANGE_SEQ",
        "data-type": {"type": "string", "length": 50},
    }
    image = {"column-prefix": BEFORE, "column-filter": "pk-only"}
    rules: list[dict[str, Any]] = [
        {"rule-type": "selection", "rule-action": "include", "object-locator": here},
        {
            "rule-type": "transformation", "rule-target": "schema", "rule-action": "rename", "value": SCHEMA_NAME,
            "object-locator": {"schema-name": schema},
        },
        {**column, "rule-action": "add-column", **sequence},
    ]  # fmt: skip
    if before_images:
        rules.append({**column, "rule-action": "add-before-image-columns", "before-image-def": image})
    return [{"rule-id": number, "rule-name": str(number), **rule} for number, rule in enumerate(rules, start=1)]

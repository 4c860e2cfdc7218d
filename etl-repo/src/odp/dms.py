"""Replications by AWS DMS: what it says of their tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from odp.table_identity import SourceTable

_SETTINGS = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})
"""Hanging calls about several sources must not outlast their function; the next judgement tries again."""
_MOST_AT_ONCE = 500
_TASK = ":task:"


class DmsReplications:
    """The replications of one lake, whose ARNs are given by source."""

    def __init__(self, arns: Mapping[str, str]) -> None:
        self._arns = arns

    @cached_property
    def _dms(self) -> Any:  # noqa: ANN401 - boto3 makes clients at run time
        return boto3.client("dms", config=_SETTINGS)

    def tables(self) -> Mapping[str, Mapping[SourceTable, str]]:
        """Return DMS's word for the state of each table, by source; a source of which it knows none yet is left out."""
        found: dict[str, Mapping[SourceTable, str]] = {}
        for source, arn in self._arns.items():
            unknown = self._dms.exceptions.InvalidResourceStateFault, self._dms.exceptions.ResourceNotFoundFault
            try:
                told = list(self._statistics(arn))
            except unknown:
                continue
            found[source] = {
                SourceTable(source, each["SchemaName"], each["TableName"]): str(each.get("TableState", ""))
                for each in told
            }
        return found

    def _statistics(self, arn: str) -> Iterator[Mapping[str, Any]]:
        describe, name, key = (
            (self._dms.describe_table_statistics, "ReplicationTaskArn", "TableStatistics")
            if _TASK in arn
            else (self._dms.describe_replication_table_statistics, "ReplicationConfigArn", "ReplicationTableStatistics")
        )
        marker: dict[str, str] = {}
        while True:
            page = describe(**{name: arn}, MaxRecords=_MOST_AT_ONCE, **marker)
            yield from page[key]
            if not page.get("Marker"):
                return
            marker = {"Marker": page["Marker"]}

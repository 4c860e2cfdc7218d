"""Chooses what reads a source by the engine of its endpoint."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.dms.endpoints import SourceEndpoint
from rehearsal.dms.mysql.source import MySqlSource
from rehearsal.dms.postgres.source import PostgresSource
from rehearsal.dms.source import Source


def source_of(endpoint: SourceEndpoint, connection: Mapping[str, Any], folder: Path) -> Source:
    """The source of the replication that keeps what it has done in `folder`."""
    if endpoint.postgre_sql_settings:
        return PostgresSource(connection, endpoint.postgre_sql_settings, folder)
    return MySqlSource(connection)

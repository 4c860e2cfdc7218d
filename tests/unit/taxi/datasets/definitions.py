"""A small dataset file, whole and sound; each test breaks what it is about."""

import json
from typing import Any

from taxi.datasets.dataset import Dataset, read_dataset


def definition(**fields: Any) -> dict[str, Any]:
    """A dataset of trips with one CSV layout, but for the fields given; None removes one."""
    document = {
        "name": "trips",
        "prefix": "rides/trips/",
        "table": "trips_table",
        "partition_by": "began_at",
        "malformed_share_limit": 0.1,
        "columns": {
            "began_at": {"type": "timestamp", "required": True},
            "fare": {"type": "decimal", "required": True},
            "tip": {"type": "decimal", "required": False},
        },
        "layouts": [layout()],
        **fields,
    }
    return {name: value for name, value in document.items() if value is not None}


def layout(**fields: Any) -> dict[str, Any]:
    """A CSV layout of that dataset, but for the fields given; None removes one."""
    document = {
        "name": "plain",
        "format": "csv",
        "columns": {"Start": "began_at", "Fare": "fare", "Tip": "tip"},
        "optional": ["Tip"],
        "timestamp_formats": ["yyyy-MM-dd"],
        **fields,
    }
    return {name: value for name, value in document.items() if value is not None}


def parsed(**fields: Any) -> Dataset:
    return read_dataset("trips.json", json.dumps(definition(**fields)))

"""Generates the JSON schema from which editors complete and check dataset files.

Run `make schemas` after changing the model.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from etl_cdk.datasets.dataset_model import DatasetFile


def render_schema() -> str:
    """Give the JSON schema of a dataset file, as it is committed."""
    schema = DatasetFile.model_json_schema()
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def main(arguments: list[str]) -> None:
    """Write the schema to the path given."""
    (path,) = arguments
    Path(path).write_text(render_schema(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

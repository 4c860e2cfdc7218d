"""Generates the JSON schema from which editors complete and check dataset files.

Run `make schemas` after changing the model.
"""

from __future__ import annotations

import sys

from json_documents.schema_file import schema_text, write_schema

from etl_cdk.datasets.dataset_model import DatasetFile


def render_schema() -> str:
    """Return the committed JSON schema of a dataset file."""
    schema = DatasetFile.model_json_schema()
    return schema_text(schema)


def main(arguments: list[str]) -> None:
    """Write the schema to the path given."""
    write_schema(render_schema(), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Generates config/environments.schema.json, from which editors complete and check the configuration.

Run `make schemas` after changing the model.
"""

from __future__ import annotations

import sys

from json_documents.schema_file import schema_text, write_schema

from deployment_account.environments import Platform


def render_schema() -> str:
    """The JSON schema of the configuration, which is committed beside it."""
    schema = Platform.model_json_schema(by_alias=True)
    return schema_text(schema)


def main(arguments: list[str]) -> None:
    """Write the schema to the path given."""
    write_schema(render_schema(), arguments)


if __name__ == "__main__":
    main(sys.argv[1:])

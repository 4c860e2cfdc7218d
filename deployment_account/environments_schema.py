"""Generates config/environments.schema.json, from which editors complete and check the configuration.

Run `make schemas` after changing the model.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from deployment_account.environments import Platform


def render_schema() -> str:
    """The JSON schema of the configuration, as it is committed beside it."""
    schema = Platform.model_json_schema(by_alias=True)
    return json.dumps({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}, indent=2) + "\n"


def main(arguments: list[str]) -> None:
    """Write the schema to the path given."""
    (path,) = arguments
    Path(path).write_text(render_schema(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

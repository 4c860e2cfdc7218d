"""The schema beside the configuration equals the model's schema."""

from __future__ import annotations

import json
import re
from pathlib import Path

from deployment_account.environments_schema import main, render_schema
from tests.configuration import DEPLOYED

SCHEMA = DEPLOYED.with_name("environments.schema.json")


def test_the_committed_schema_is_up_to_date() -> None:
    assert SCHEMA.read_text() == render_schema(), "run make schemas"


def test_an_environment_is_named_by_its_key_and_allows_no_unknown_field() -> None:
    environment = json.loads(render_schema())["$defs"]["Environment"]
    assert "name" not in environment["properties"]
    assert "name" not in environment["required"]
    assert environment["additionalProperties"] is False


def test_editors_are_told_of_regions_that_are_refused() -> None:
    region = json.loads(render_schema())["$defs"]["Environment"]["properties"]["region"]
    assert re.match(region["pattern"], "cn-north-1")
    assert re.match(region["not"]["pattern"], "cn-north-1")
    assert not re.match(region["not"]["pattern"], "us-east-1")


def test_fields_explain_themselves_to_editors() -> None:
    settings = json.loads(render_schema())["$defs"]["OdpSettings"]["properties"]
    assert "Step Functions" in settings["max_concurrent_batches"]["description"]


def test_the_command_writes_the_schema(tmp_path: Path) -> None:
    main([str(tmp_path / "schema.json")])
    assert (tmp_path / "schema.json").read_text() == render_schema()

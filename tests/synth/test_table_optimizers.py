"""The optimizers of Iceberg tables: by configuration alone, each with the rights that AWS documents and no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.configuration import PROJECT
from tests.synth.configurations import known, synthesised
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import Template
from tests.synth.test_permissions import as_list, statements, text

GLUE, FUNCTION = "TableOptimizersGlueRole", "TableOptimizersRole"
ALL = ["compaction", "retention", "orphan_file_deletion"]
DOCUMENTED = {
    "s3:DeleteObject", "s3:GetObject", "s3:PutObject", "s3:ListBucket", "glue:GetTable", "glue:UpdateTable",
    "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents", "kms:Decrypt", "kms:GenerateDataKey",
}  # fmt: skip
"""https://docs.aws.amazon.com/glue/latest/dg/optimization-prerequisites.html, and what S3 asks of KMS."""


def odp_with(folder: Path, types: list[str], environment: str = "dev") -> Template:
    document = known()
    document["environments"][environment]["odp"] = {"table_optimizers": types}
    return synthesised(document, folder, "etl")[f"odp-{environment}-etl-Odp"]


def rights(odp: Template, role: str) -> dict[str, set[str]]:
    """The resources of each action of a role."""
    found: dict[str, set[str]] = {}
    for granted_to, statement in statements(odp):
        if granted_to.startswith(role):
            for action in as_list(statement["Action"]):
                found.setdefault(action, set()).update(text(odp, each) for each in as_list(statement["Resource"]))
    return found


@pytest.fixture(scope="module")
def odp(tmp_path_factory: pytest.TempPathFactory) -> Template:
    return odp_with(tmp_path_factory.mktemp("optimizers"), ALL)


def test_nothing_of_it_is_deployed_unless_it_is_configured(synthesis: Synthesis) -> None:
    for name, template in synthesis.templates.items():
        assert "optimizer" not in str(template).lower(), name


def test_glue_may_do_what_aws_documents_in_the_databases_of_the_lake(odp: Template) -> None:
    may = rights(odp, GLUE)
    assert set(may) == DOCUMENTED
    for action in ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"):
        assert may[action]
        assert all("odpf_" in resource for resource in may[action]), action
    assert all("odpf_" in resource or resource.endswith("catalog") for resource in may["glue:UpdateTable"])
    assert len(may["logs:PutLogEvents"]) == 3
    assert all(":log-group:/aws-glue/iceberg-" in resource for resource in may["logs:PutLogEvents"])


def test_removal_of_orphans_alone_writes_nothing(tmp_path: Path) -> None:
    writing = {"s3:PutObject", "glue:UpdateTable", "kms:GenerateDataKey"}
    assert set(rights(odp_with(tmp_path, ["orphan_file_deletion"]), GLUE)) == DOCUMENTED - writing


def test_function_passes_one_role_and_only_to_glue(odp: Template) -> None:
    (passing,) = [one for role, one in statements(odp) if role.startswith(FUNCTION) and one["Action"] == "iam:PassRole"]
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "glue.amazonaws.com"}}
    assert passing["Resource"]["Fn::GetAtt"][0].startswith(GLUE)
    of_catalog = {action for action in rights(odp, FUNCTION) if action.startswith("glue:")}
    assert of_catalog == {f"glue:{verb}TableOptimizer" for verb in ("Create", "Delete", "Get", "Update")}
    assert {action for action in rights(odp, FUNCTION) if action.startswith("s3:")} == set()


def roles_of_glue(odp: Template) -> list[Any]:
    return [role for id_, role in odp.resources("AWS::IAM::Role").items() if id_.startswith(GLUE)]


def test_only_glue_takes_the_role(odp: Template) -> None:
    (role,) = roles_of_glue(odp)
    principals = [each["Principal"] for each in role["AssumeRolePolicyDocument"]["Statement"]]
    assert principals == [{"Service": "glue.amazonaws.com"}]


def test_protected_buckets_know_the_role_as_a_writer_of_data(tmp_path: Path) -> None:
    (role,) = roles_of_glue(odp_with(tmp_path, ALL, "prod"))
    assert {"Key": "odp:data-writer", "Value": "odp-prod"} in role["Tags"]


def test_empty_list_deploys_the_function_that_takes_the_optimizers_away(tmp_path: Path) -> None:
    functions = odp_with(tmp_path, []).resources("AWS::Lambda::Function").values()
    variables = [function.get("Environment", {}).get("Variables", {}) for function in functions]
    assert [one["OPTIMIZER_TYPES"] for one in variables if "OPTIMIZER_TYPES" in one] == [""]


def test_failures_ring_an_alarm_that_the_handbook_explains(odp: Template) -> None:
    alarms = odp.resources("AWS::CloudWatch::Alarm").values()
    (found,) = [one for one in alarms if "FailedTableOptimizers" in one["AlarmDescription"]]
    assert found["AlarmActions"]
    assert "| `FailedTableOptimizers` |" in (PROJECT / "docs" / "operations.md").read_text()

"""The role of people who query tables: who may take it, what it reads, and that it changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deployment_account.release_check.findings import Kind
from deployment_account.release_check.permissions import broadened
from tests.synth.configurations import Json, configured_app, known, synthesised
from tests.synth.conftest import Synthesis, findings_of
from tests.synth.synthesis import ACCOUNTS, Template
from tests.synth.test_permissions import as_list, statements, text

ANALYSTS = "arn:aws:iam::999999999999:role/Analysts"
"""As tests/environments.json names them for prod."""
ROLE = "ReaderRole"
HERE = f"us-east-1:{ACCOUNTS['prod']}"
READS_AND_ASKS = (
    "athena:BatchGet",
    "athena:Get",
    "athena:List",
    "glue:BatchGet",
    "glue:Get",
    "s3:Get",
    "s3:List",
    "kms:Decrypt",
)
OF_QUERIES = {
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
    "kms:GenerateDataKey",
    "s3:AbortMultipartUpload",
    "s3:PutObject",
}
"""What else it takes to have a query's result written."""


@pytest.fixture
def prod(synthesis: Synthesis) -> Template:
    return synthesis.templates["odp-prod-etl-Taxi"]


def allowed(template: Template) -> list[dict[str, Any]]:
    return [statement for role, statement in statements(template) if role == ROLE]


def resources(template: Template, *actions: str) -> set[str]:
    """What the role may do any of these actions on."""
    return {
        text(template, resource)
        for statement in allowed(template)
        if set(actions) & set(as_list(statement["Action"]))
        for resource in as_list(statement["Resource"])
    }


def conditions(template: Template, action: str) -> list[Any]:
    return [each.get("Condition") for each in allowed(template) if action in as_list(each["Action"])]


def trust(template: Template) -> dict[str, Any]:
    (statement,) = template.only("AWS::IAM::Role", ROLE)["AssumeRolePolicyDocument"]["Statement"]
    return dict(statement)


def with_readers(name: str = "dev", *, more: Json | None = None, **readers: Any) -> Json:
    document = known()
    document["environments"][name] |= {"readers": {"principals": [ANALYSTS], **readers}, **(more or {})}
    return document


def taxi_of(document: Json, folder: Path, name: str = "dev") -> Template:
    return synthesised(document, folder, "etl", direct=name)[f"odp-{name}-etl-Taxi"]


def test_without_readers_there_is_no_such_role(synthesis: Synthesis) -> None:
    for name in ("dev", "test"):
        template = synthesis.templates[f"odp-{name}-etl-Taxi"]
        assert not [id_ for id_ in template.body["Resources"] if "Reader" in id_]
        assert "999999999999" not in str(template.body)


def test_readers_change_one_stack_and_nothing_that_is_in_it_already(tmp_path: Path, synthesis: Synthesis) -> None:
    found = synthesised(with_readers(), tmp_path, "etl")
    for name, template in found.items():
        before = synthesis.templates[name].body
        if name != "odp-dev-etl-Taxi":
            assert template.body == before, name
            continue
        more = template.body["Resources"].keys() - before["Resources"].keys()
        assert len(more) == 3, "the role, its policy, its published ARN"
        assert {id_: template.body["Resources"][id_] for id_ in before["Resources"]} == before["Resources"]


def test_nobody_but_the_named_roles_takes_it_and_nobody_tags_its_sessions(prod: Template) -> None:
    assert trust(prod) == {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ANALYSTS}}


def test_each_of_several_may_take_it(tmp_path: Path) -> None:
    others = [ANALYSTS, "arn:aws:iam::222222222222:role/team/Analysts"]
    assert trust(taxi_of(with_readers(principals=others), tmp_path))["Principal"] == {"AWS": sorted(others)}


def test_who_approves_is_told_who_may_read_from_now_on(prod: Template) -> None:
    (id_,) = [id_ for id_ in prod.resources("AWS::IAM::Role") if id_.startswith(ROLE)]
    before = {id_: prod.body["Resources"][id_]}
    more = json.loads(json.dumps(before).replace(f'"{ANALYSTS}"', f'["{ANALYSTS}", "{ANALYSTS}2"]'))
    (told,) = broadened(before, more)
    assert told.kind is Kind.PERMISSIONS
    assert f"allows sts:AssumeRole to AWS:{ANALYSTS}2" in str(told)
    assert list(broadened(more, before)) == []
    (told,) = broadened({}, before)
    assert f"to AWS:{ANALYSTS}" in str(told)


def test_with_an_organization_nobody_of_another_takes_it(tmp_path: Path) -> None:
    """Once taken the role counts as one of the organization: the denials of the buckets no longer hold."""
    template = taxi_of(with_readers(more={"organization": "o-a1b2c3d4e5"}), tmp_path)
    assert trust(template)["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}


def test_a_second_factor_is_asked_for_where_the_configuration_says_so(tmp_path: Path) -> None:
    template = taxi_of(with_readers(require_mfa=True, more={"organization": "o-a1b2c3d4e5"}), tmp_path)
    assert trust(template)["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"},
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
    }


def test_its_name_is_typed_published_and_none_of_those_that_write_tables(prod: Template) -> None:
    role = prod.only("AWS::IAM::Role", ROLE)
    assert role["RoleName"] == "odp-prod-reader", "the guard of the buckets lets odp-prod-etl-* write"
    assert role["MaxSessionDuration"] == 3600
    assert {tag["Key"] for tag in role["Tags"]} == {"cost-center", "environment", "odp:lake"}
    (published,) = [
        each["Value"]
        for each in prod.resources("AWS::SSM::Parameter").values()
        if each["Name"] == "/odp/prod/readers/role-arn"
    ]
    (id_,) = [id_ for id_ in prod.resources("AWS::IAM::Role") if id_.startswith(ROLE)]
    assert published == {"Fn::GetAtt": [id_, "Arn"]}


def test_it_reads_asks_and_has_results_written_and_can_do_nothing_else(prod: Template) -> None:
    actions = {action for statement in allowed(prod) for action in as_list(statement["Action"])}
    assert {action for action in actions if not action.startswith(READS_AND_ASKS)} == OF_QUERIES
    services = {action.split(":")[0] for action in actions}
    assert services == {"athena", "glue", "kms", "s3"}


def test_it_queries_in_the_workgroup_of_the_lake_alone(prod: Template) -> None:
    (workgroup,) = resources(prod, "athena:StartQueryExecution", "athena:GetQueryResults", "athena:GetNamedQuery")
    assert workgroup == f"arn:aws:athena:{HERE}:workgroup/{prod.only('AWS::Athena::WorkGroup')['Name']}"
    assert resources(prod, "athena:GetDataCatalog") == {f"arn:aws:athena:{HERE}:datacatalog/AwsDataCatalog"}
    anywhere = {a for each in allowed(prod) if each["Resource"] == "*" for a in as_list(each["Action"])}
    assert anywhere == {"athena:ListDataCatalogs", "athena:ListWorkGroups"}


def test_nobody_lists_the_queries_of_others_whose_results_an_id_would_open(prod: Template) -> None:
    assert "athena:ListQueryExecutions" not in str(allowed(prod))
    by_athena = {"ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"}}
    listing = [each for each in allowed(prod) if "s3:ListBucket" in as_list(each["Action"])]
    of_results = [each for each in listing if "<athena-results>" in {_bucket(prod, each)}]
    assert [each["Condition"] for each in of_results] == [by_athena]


def _bucket(template: Template, statement: dict[str, Any]) -> str:
    resource, *_ = as_list(statement["Resource"])
    return text(template, resource).removeprefix("arn:aws:s3:::")


def test_it_writes_results_by_athena_alone_and_nothing_else(prod: Template) -> None:
    assert resources(prod, "s3:PutObject", "s3:AbortMultipartUpload") == {
        "arn:aws:s3:::<athena-results>/query-results/*"
    }
    assert conditions(prod, "s3:PutObject") == [
        {
            "StringEquals": {"aws:ResourceAccount": ACCOUNTS["prod"]},
            "ForAnyValue:StringEquals": {"aws:CalledVia": "athena.amazonaws.com"},
        }
    ]


def test_it_reads_the_tables_and_its_results_and_neither_staging_nor_landed_files_nor_code(prod: Template) -> None:
    assert resources(prod, "s3:GetObject") == {
        "arn:aws:s3:::<athena-results>/query-results/*",
        "arn:aws:s3:::<raw>/odpf_*",
        "arn:aws:s3:::<conformed>/nyc_taxi_conformed/*",
        "arn:aws:s3:::<purpose-built>/nyc_taxi_purpose_built/*",
    }
    buckets = {"<raw>", "<conformed>", "<purpose-built>", "<athena-results>"}
    assert resources(prod, "s3:ListBucket") == {f"arn:aws:s3:::{bucket}" for bucket in buckets}


def test_it_knows_the_databases_of_the_lake_alone(prod: Template) -> None:
    databases = {"odpf_*", "nyc_taxi_conformed", "nyc_taxi_purpose_built"}
    here = f"arn:aws:glue:{HERE}"
    assert resources(prod, "glue:GetTable") == {
        f"{here}:catalog",
        *(f"{here}:database/{name}" for name in databases),
        *(f"{here}:table/{name}/*" for name in databases),
    }
    assert resources(prod, "glue:GetDatabase") - resources(prod, "glue:GetTable") == {f"{here}:database/default"}


def test_it_uses_the_data_key_by_s3_alone(prod: Template) -> None:
    """One key serves buckets, tables, queues and logs."""
    assert resources(prod, "kms:Decrypt", "kms:GenerateDataKey") == {"<data-key-arn>"}
    assert conditions(prod, "kms:Decrypt") == [{"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}]


@pytest.mark.parametrize(
    ("layers", "files", "databases"),
    [
        (["purpose_built"], {"<purpose-built>/nyc_taxi_purpose_built/*"}, {"nyc_taxi_purpose_built"}),
        (
            ["conformed", "purpose_built"],
            {"<conformed>/nyc_taxi_conformed/*", "<purpose-built>/nyc_taxi_purpose_built/*"},
            {"nyc_taxi_conformed", "nyc_taxi_purpose_built"},
        ),
        (["raw"], {"<raw>/odpf_*"}, {"odpf_*"}),
    ],
)
def test_of_fewer_layers_it_reads_fewer_tables(
    tmp_path: Path, layers: list[str], files: set[str], databases: set[str]
) -> None:
    template = taxi_of(with_readers(layers=layers), tmp_path)
    read = {each.removeprefix("arn:aws:s3:::") for each in resources(template, "s3:GetObject")}
    assert read - {"<athena-results>/query-results/*"} == files
    named = {each.split(":", 5)[5] for each in resources(template, "glue:GetTable")} - {"catalog"}
    assert named == {f"database/{name}" for name in databases} | {f"table/{name}/*" for name in databases}


def test_names_and_patterns_are_those_of_the_lake_in_a_shared_account(tmp_path: Path) -> None:
    prefix = {"resource_prefix": "second_", "catalog_names": ["odpf_*", "sales_*"]}
    template = taxi_of(with_readers(more=prefix), tmp_path)
    (workgroup,) = resources(template, "athena:StartQueryExecution")
    assert workgroup.endswith(":workgroup/second_nyc_taxi")
    of_files = {each.rpartition(">/")[2] for each in resources(template, "s3:GetObject")}
    assert of_files == {
        "query-results/*",
        "second_odpf_*",
        "second_nyc_taxi_conformed/*",
        "second_nyc_taxi_purpose_built/*",
    }


def test_cdk_nag_finds_nothing_with_an_organization_and_a_second_factor(tmp_path: Path) -> None:
    document = with_readers(require_mfa=True, more={"organization": "o-a1b2c3d4e5"})
    assert findings_of(configured_app(document, tmp_path, "etl", direct="dev"), tmp_path / "out") == set()

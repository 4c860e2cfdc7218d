"""A lake of sixty databases and three thousand tables is deployed like a small one: AWS's limits are far away."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from deployment_account.errors import ConfigurationError
from tests.synth.configurations import Json, known, synthesised
from tests.synth.synthesis import Template

DATABASES, TABLES, CADENCES = 60, 3_000, 24
INLINE_POLICIES_OF_A_ROLE = 10_240
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: in sum, blanks not counted."""
BYTES_OF_A_TEMPLATE, RESOURCES_OF_A_TEMPLATE = 1_000_000, 500
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
BYTES_OF_VARIABLES = 4_096
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: of one function, in sum."""
LONGEST_VALUE = "v" * 100
"""Stands for what is known when it is deployed: names of buckets have 63 characters at most, ARNs of keys 75."""


def database(number: int, beginning: str = "odpf_") -> str:
    return f"{beginning}subsidiary_{number:02}_of_the_group_orders_raw"


def write_manifests(folder: Path, beginnings: Sequence[str]) -> None:
    """Each database in a file of its own, each cadence with a Glue job of its own."""
    cadences = [f"{number}_hour_refresh" for number in range(1, CADENCES + 1)]
    batch = {"datalake_format": "hudi", "glue_job_worker_type": "G.1X", "refresh_tables_batch_size": 20}
    batches = [{"refresh_cadence": one, "glue_job_name": f"odpf_refreshes_{one}", **batch} for one in cadences]
    (folder / "batches.json").write_text(json.dumps({"batch_configs": batches}))
    for number in range(DATABASES):
        name = database(number, beginnings[number % len(beginnings)])
        tables = [_table(number, name, table, cadences[table % CADENCES]) for table in range(TABLES // DATABASES)]
        (folder / f"tables_{number}.json").write_text(json.dumps({"raw_table_configs": tables}))


def _table(number: int, database: str, table: int, cadence: str) -> Json:
    return {
        "refresh_cadence": cadence,
        "source_table_name": f"subsidiary_{number}.table_{table}",
        "hudi_primary_key": "id",
        "hudi_partition_key": "",
        "hudi_precombine_field": "",
        "hudi_table_type": "copy_on_write",
        "table_data_versioning_type": "S",
        "table_storage_type": "hudi",
        "is_active": "Y",
        "raw_database_name": database,
        "raw_database_S3_bucket": "raw",
        "raw_table_name": f"table_{table}",
    }


def lake(folder: Path, *beginnings: str, **fields: Any) -> dict[str, Template]:
    """The stacks of prod, which has all that an environment can have."""
    manifests = folder / "manifests"
    manifests.mkdir()
    write_manifests(manifests, beginnings or ["odpf_"])
    document = known()
    document["environments"]["prod"] |= fields
    return synthesised(document, folder, "etl", manifests=manifests, direct="prod")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    return lake(tmp_path_factory.mktemp("large"))


def deployed(value: Any) -> Any:
    """A part of a template as CloudFormation resolves it, with the longest possible values."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(deployed(part) for part in parts)
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::ImportValue": _} | {"Fn::Select": _}:
            return LONGEST_VALUE
        case dict():
            assert not any(key.startswith("Fn::") for key in value), value
            return {key: deployed(item) for key, item in value.items()}
        case list():
            return [deployed(item) for item in value]
    return value


def length(value: Any) -> int:
    return len(json.dumps(deployed(value), separators=(",", ":")))


def inline_policies(template: Template) -> Counter[str]:
    """The characters of each role's inline policies, in sum."""
    found: Counter[str] = Counter()
    for policy in template.resources("AWS::IAM::Policy").values():
        for role in policy["Roles"]:
            found[role["Ref"]] += length(policy["PolicyDocument"])
    return found


def too_long(templates: dict[str, Template]) -> dict[str, int]:
    sums = {f"{one.stack} {role}": size for one in templates.values() for role, size in inline_policies(one).items()}
    assert sums
    return {role: size for role, size in sums.items() if size > INLINE_POLICIES_OF_A_ROLE}


def test_the_lake_is_as_large_as_it_is_called(large: dict[str, Template]) -> None:
    catalog = large["odp-prod-etl-Tables"].resources("AWS::Glue::Database").values()
    databases = {each["DatabaseInput"]["Name"] for each in catalog}
    assert {database(number) for number in range(DATABASES)} < databases
    odp = large["odp-prod-etl-Odp"]
    assert len(odp.resources("AWS::Scheduler::Schedule")) == CADENCES
    assert len(odp.resources("AWS::Glue::Job")) == CADENCES


def test_no_role_gets_a_policy_that_the_deployment_may_not_make(large: dict[str, Template]) -> None:
    for template in large.values():
        assert "AWS::IAM::ManagedPolicy" not in template.types(), template.stack
        for role in template.resources("AWS::IAM::Role").values():
            assert not role.keys() & {"ManagedPolicyArns", "Policies"}


def test_no_role_has_more_in_its_policies_than_iam_takes(large: dict[str, Template]) -> None:
    assert too_long(large) == {}


def test_no_stack_is_larger_than_cloudformation_takes(large: dict[str, Template]) -> None:
    for template in large.values():
        assert len(json.dumps(template.body)) < BYTES_OF_A_TEMPLATE, template.stack
        assert len(template.body["Resources"]) <= RESOURCES_OF_A_TEMPLATE, template.stack


def test_no_function_has_more_variables_than_lambda_takes(large: dict[str, Template]) -> None:
    for template in large.values():
        for id_, function in template.resources("AWS::Lambda::Function").items():
            variables = function.get("Environment", {}).get("Variables", {})
            assert length(variables) <= BYTES_OF_VARIABLES, f"{template.stack} {id_}"


def covered(odp: Template, resource: str) -> bool:
    """Whether a statement of the jobs' policy names a resource or a pattern of it; services and accounts left out."""
    patterns = [
        deployed(one)
        for policy in odp.resources("AWS::IAM::Policy").values()
        if policy["Roles"][0]["Ref"].startswith("FileProcessorJobsRole")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and not str(statement["Action"]).lstrip("['").startswith("ec2:")
        for one in ([statement["Resource"]] if isinstance(statement["Resource"], str | dict) else statement["Resource"])
    ]
    own = [pattern.removeprefix(f"arn:aws:s3:::{LONGEST_VALUE}/").split(":")[-1] for pattern in patterns]
    return any(fnmatchcase(resource, pattern) for pattern in own if pattern != "*")


def test_the_jobs_may_write_to_each_database_and_to_none_outside_the_patterns(large: dict[str, Template]) -> None:
    odp = large["odp-prod-etl-Odp"]
    for name in (database(0), database(DATABASES - 1)):
        for resource in (name, f"{name}/table_1/part.parquet", f"database/{name}", f"table/{name}/table_1"):
            assert covered(odp, resource), resource
    for resource in (
        "nyc-taxi/yellow/a.parquet",
        "database/sales",
        "table/sales/orders",
        "database/nyc_taxi_conformed",
    ):
        assert not covered(odp, resource), resource


def test_the_most_patterns_of_names_with_the_longest_prefix_are_not_too_many(tmp_path: Path) -> None:
    long = [letter * 39 for letter in "abc"]
    patterns = [f"{beginning}*" for beginning in ("odpf_", *long)]
    found = lake(tmp_path, "odpf_", *long, catalog_names=patterns, resource_prefix="p" * 15 + "_")
    assert "a" * 39 + "*" in json.dumps(found["odp-prod-etl-Odp"].body)
    for template in found.values():
        assert "AWS::IAM::ManagedPolicy" not in template.types(), template.stack
    assert too_long(found) == {}


def test_more_patterns_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"catalog_names: .* at most 4"):
        lake(tmp_path, catalog_names=["odpf_*", "a_b*", "c_d*", "e_f*", "g_h*"])

"""The Data Catalog's database `default`: jobs whose metastore is the catalog may get and create it, others may not.

AWS's metastore client asks for it when it is constructed, and creates it where an account has none:
https://github.com/awslabs/aws-glue-data-catalog-client-for-apache-hive-metastore (AWSCatalogMetastoreClient).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.synth.synthesis import ACCOUNTS, Template
from tests.synth.test_permissions import as_list, statements, text

NEEDED = {"glue:CreateDatabase", "glue:GetDatabase"}


def actions_on(template: Template, role: str, resource: str) -> set[str]:
    return {
        action
        for granted_to, statement in statements(template)
        if granted_to == role and resource in {text(template, each) for each in as_list(statement["Resource"])}
        for action in as_list(statement["Action"])
    }


def role_of(job: dict[str, Any]) -> str:
    return str(job["Role"]["Fn::GetAtt"][0])[:-8]


@pytest.mark.parametrize("stack", ["Odp", "Taxi"])
def test_exactly_the_jobs_whose_metastore_is_the_catalog_may_get_and_create_it(
    request: pytest.FixtureRequest, environment: str, stack: str
) -> None:
    template: Template = request.getfixturevalue(stack.lower())
    here = f"arn:aws:glue:us-east-1:{ACCOUNTS[environment]}"
    jobs = template.resources("AWS::Glue::Job").values()
    assert jobs
    for job in jobs:
        needed = NEEDED if job["DefaultArguments"].get("--enable-glue-datacatalog") == "true" else set()
        assert actions_on(template, role_of(job), f"{here}:database/default") == needed, job["Name"]
        assert actions_on(template, role_of(job), f"{here}:catalog") >= needed, "both resources are asked for"

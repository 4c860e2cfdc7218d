"""Accounts hardened by Lake Formation refuse what IAM allows; the check says so before CloudFormation does."""

from __future__ import annotations

import json
import shlex
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from deployment_account.environments import Platform
from scripts.bootstrap import checks
from scripts.bootstrap.accounts import Credentials
from scripts.bootstrap.findings import Finding, State, fine, unless_unreachable
from scripts.bootstrap.lake_formation import lake_formation_finding
from tests.tools.scripts.bootstrap.answers import answering

# https://docs.aws.amazon.com/lake-formation/latest/dg/change-settings.html
ALL_BY_IAM = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]
ADMINISTRATORS = [{"DataLakePrincipalIdentifier": "arn:aws:iam::111111111111:role/it's the platform's"}]
NEW = {
    "DataLakeAdmins": [], "CreateDatabaseDefaultPermissions": ALL_BY_IAM, "CreateTableDefaultPermissions": ALL_BY_IAM,
}  # fmt: skip
HARDENED = {
    "DataLakeAdmins": ADMINISTRATORS, "CreateDatabaseDefaultPermissions": [], "CreateTableDefaultPermissions": [],
    "Parameters": {"CROSS_ACCOUNT_VERSION": "4"}, "AllowExternalDataFiltering": False,
}  # fmt: skip


def finding_of(settings: dict[str, Any]) -> Finding:
    with answering("lakeformation", "get_data_lake_settings", {"DataLakeSettings": settings}) as account:
        return lake_formation_finding("dev: Lake Formation", account)


def test_a_new_account_is_fine() -> None:
    assert finding_of(NEW) == fine("dev: Lake Formation", "IAM decides on new databases and tables")


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        (HARDENED, "new databases and tables:"),
        ({**NEW, "CreateTableDefaultPermissions": []}, "new tables:"),
        ({**NEW, "CreateDatabaseDefaultPermissions": []}, "new databases:"),
        ({"DataLakeAdmins": ADMINISTRATORS}, "new databases and tables:"),
        (
            {**NEW, "CreateTableDefaultPermissions": [{**ALL_BY_IAM[0], "Permissions": ["SELECT"]}]},
            "new tables:",
        ),
    ],
)
def test_an_account_without_iams_word_is_wrong(settings: dict[str, Any], seen: str) -> None:
    finding = finding_of(settings)
    assert finding.state is State.WRONG
    assert seen in finding.seen
    assert "docs/deployment.md" in finding.mend


@pytest.mark.parametrize("settings", [HARDENED, {**HARDENED, "CreateTableDefaultPermissions": ALL_BY_IAM}])
def test_the_command_changes_exactly_what_is_missing_and_loses_no_administrator(settings: dict[str, Any]) -> None:
    mend = finding_of(settings).mend
    words = shlex.split(mend.removeprefix("in account 111111111111: ").split("; if the account")[0])
    assert words[:3] == ["aws", "lakeformation", "put-data-lake-settings"]
    wanted = json.loads(words[words.index("--data-lake-settings") + 1])
    assert wanted == {
        **settings, "CreateDatabaseDefaultPermissions": ALL_BY_IAM, "CreateTableDefaultPermissions": ALL_BY_IAM,
    }  # fmt: skip
    client = boto3.client("lakeformation", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_response("put_data_lake_settings", {}, {"DataLakeSettings": wanted})
        client.put_data_lake_settings(DataLakeSettings=wanted)  # what the service's model takes


def test_settings_that_nobody_may_read_are_unknown() -> None:
    with answering("lakeformation", "get_data_lake_settings", "AccessDeniedException") as account:
        finding = unless_unreachable("dev: Lake Formation", lambda: lake_formation_finding("x", account))
    assert finding.state is State.UNKNOWN


def test_the_check_has_a_row_for_it(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    credentials = Credentials({"222222222222": (boto3.Session(), None)})
    rows = checks.check(platform, credentials, [platform.environments["dev"]])
    assert "dev: Lake Formation" in {row.subject for row in rows}

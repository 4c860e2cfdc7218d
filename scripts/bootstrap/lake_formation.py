"""Checks that IAM alone decides on the databases and tables of an account."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from scripts.bootstrap.accounts import Account
from scripts.bootstrap.findings import Finding, fine, wrong

DEFAULTS = {"CreateDatabaseDefaultPermissions": "databases", "CreateTableDefaultPermissions": "tables"}
"""Lake Formation's default permissions on new resources; a new account leaves all to IAM."""
OPEN = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]


def lake_formation_finding(subject: str, account: Account) -> Finding:
    """Read the account's settings; if they override IAM, give the command that changes only that."""
    settings = account.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    closed = [setting for setting in DEFAULTS if not _is_open(settings.get(setting, []))]
    if not closed:
        return fine(subject, "IAM decides on new databases and tables")
    things = " and ".join(DEFAULTS[setting] for setting in closed)
    return wrong(
        subject,
        f"Lake Formation decides on new {things}: it refuses CloudFormation, the jobs and readers",
        mend=f"in account {account.place.account}: {_opening(settings, closed, account.place.region)}; if the account "
        "must stay under Lake Formation, grant instead what docs/deployment.md (step 5) lists",
    )


def _is_open(permissions: list[Mapping[str, Any]]) -> bool:
    return any(
        each.get("Principal", {}).get("DataLakePrincipalIdentifier") == "IAM_ALLOWED_PRINCIPALS"
        and "ALL" in each.get("Permissions", [])
        for each in permissions
    )


def _opening(settings: Mapping[str, Any], closed: list[str], region: str) -> str:
    """The command replaces all settings, so it repeats the unchanged ones, administrators included."""
    wanted = json.dumps({**settings, **dict.fromkeys(closed, OPEN)}, sort_keys=True)
    return f"aws lakeformation put-data-lake-settings --region {region} --data-lake-settings {shlex.quote(wanted)}"

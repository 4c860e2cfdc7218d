"""Checks that a bootstrap trusts only the roles of its own environment's pipelines."""

from __future__ import annotations

from typing import Any

from deployment_account.environments import Environment, Platform
from deployment_account.names import Names
from deployment_account.qualifiers import bootstrap_role
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.bootstrapping import trusted_roles
from scripts.bootstrap.cdk_cli import Bootstrap
from scripts.bootstrap.findings import Finding, fine, wrong

DEFAULT_QUALIFIER = "hnb659fds"
"""Of CDK's bootstrap where nobody chooses another."""
ENTERED_ROLES = ("deploy", "file-publishing", "image-publishing", "lookup")


def trust_finding(
    subject: str, platform: Platform, environment: Environment, account: Account, *, mend: str
) -> Finding:
    """Look at every role that people and pipelines take."""
    place, roles = account.place, trusted_roles(platform, environment)
    pipelines = platform.deployment_of(environment).account
    bootstrap = Bootstrap.of(Names.of(platform, environment), place.account, place.region)
    iam = account.client("iam")
    for role in map(bootstrap.role, ENTERED_ROLES):
        try:
            document = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        except iam.exceptions.NoSuchEntityException:
            return wrong(subject, f"there is no role {role}", mend=mend)
        own = () if place.account == pipelines else _own(place.account)
        entrances = [one for one in document["Statement"] if _lets_in(one) - set(own)]
        if not entrances:
            return wrong(subject, f"{role} lets nobody of {pipelines} in", mend=mend)
        if not all(_names_only(statement, roles) for statement in entrances):
            return wrong(subject, f"{role} lets others in than {roles}", mend=mend)
    return fine(subject, f"{place.account} trusts {roles}")


def default_bootstrap_finding(subject: str, account: Account, pipelines: str) -> Finding:
    """Whether a bootstrap with CDK's default qualifier, which an earlier release made, still lets the pipelines in.

    It lets every role of their account in, so that each environment's builds would reach this one.
    """
    place, iam = account.place, account.client("iam")
    for which in ENTERED_ROLES:
        role = bootstrap_role(DEFAULT_QUALIFIER, which, place.account, place.region)
        try:
            document = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        except iam.exceptions.NoSuchEntityException:
            continue
        let_in = {one for statement in document["Statement"] for one in _lets_in(statement)}
        if let_in & {pipelines, f"arn:aws:iam::{pipelines}:root", "*"}:
            mend = "docs/deployment.md, A lake with CDK's default bootstrap: take that bootstrap down"
            return wrong(subject, f"{role} lets every role of {pipelines} in", mend=mend)
    return fine(subject, f"no role of CDK's default bootstrap lets {pipelines} in")


def _own(account: str) -> tuple[str, str]:
    return account, f"arn:aws:iam::{account}:root"


def _lets_in(statement: dict[str, Any]) -> set[str]:
    """The accounts and roles that a statement lets in; services are none."""
    principal = statement.get("Principal", {})
    named = principal.get("AWS", []) if isinstance(principal, dict) else principal
    return set(named if isinstance(named, list) else [named]) if statement["Effect"] == "Allow" else set()


def _names_only(statement: dict[str, Any], roles: str) -> bool:
    named = statement.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn")
    return named in (roles, [roles])

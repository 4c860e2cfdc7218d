"""Who may take the role that queries an environment's tables and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool

from deployment_account.model import Model
from deployment_account.placeholders import placeholders_in

LONGEST_PRINCIPALS = 1600
"""IAM takes a trust policy of 2,048 characters; the rest is what surrounds the principals."""
BOOTSTRAP_ROLES = "cdk-"
Layer = Literal["raw", "conformed", "purpose_built"]


def _each_once(values: Sequence[str]) -> Sequence[str]:
    """Also refuse none: a length that pydantic checks is told a second time where an item is wrong."""
    if not values:
        raise ValueError("is empty: write one at least")
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"{value} is named twice")
    return values


def _fit_a_trust_policy(principals: Sequence[str]) -> Sequence[str]:
    if (length := sum(map(len, principals))) > LONGEST_PRINCIPALS:
        raise ValueError(
            f"{length} characters, but IAM takes no more than {LONGEST_PRINCIPALS} of them in a trust policy; "
            "let the readers share a role"
        )
    return principals


RoleArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws:iam::\d{12}:role/([A-Za-z0-9_+=,.@-]+/)*[A-Za-z0-9_+=,.@-]{1,64}$",
        examples=["arn:aws:iam::999999999999:role/Analysts"],
    ),
]
"""A role's whole ARN, its path too: no pattern, no account's root, no session."""
_ONE_AT_LEAST = Field(json_schema_extra={"minItems": 1})
Principals = Annotated[
    tuple[RoleArn, ...], _ONE_AT_LEAST, AfterValidator(_each_once), AfterValidator(_fit_a_trust_policy)
]
Layers = Annotated[tuple[Layer, ...], _ONE_AT_LEAST, AfterValidator(_each_once)]


class Readers(Model):
    """The role with which people of this account and of others query tables."""

    principals: Principals
    """Roles that may take it, of this account or of accounts that are no part of the platform."""
    layers: Layers = ("raw", "conformed", "purpose_built")
    """Whose tables it reads; those of the raw layer are copies of the source's, personal data included."""
    require_mfa: StrictBool = False
    """Whether a session needs a second factor; sessions of IAM Identity Center do not say whether they had one."""


def of_others(readers: Readers, own_account: str, accounts: Mapping[str, str]) -> tuple[str, str] | None:
    """The first principal in an account of the platform that is not the environment's own, and whose that is.

    Whoever may push to another environment is administrator of its account, and would read this one.
    """
    for arn in readers.principals:
        account = arn.split(":")[4]
        if account != own_account and account in accounts:
            return arn, accounts[account]
    return None


def of_an_example(readers: Readers, own_account: str) -> str | None:
    """The first principal in a stranger's account that somebody copied; a whole configuration may be an example."""
    if placeholders_in(own_account):
        return None
    return next((arn for arn in readers.principals if placeholders_in(arn.split(":")[4])), None)


def of_a_lake(readers: Readers, own_account: str, prefixes: Iterable[str]) -> str | None:
    """The first principal of the own account that is a role of a bootstrap, a pipeline or a lake's stack."""
    begins = (BOOTSTRAP_ROLES, *prefixes)
    return next(
        (
            arn
            for arn in readers.principals
            if arn.split(":")[4] == own_account and arn.rsplit("/", 1)[-1].startswith(begins)
        ),
        None,
    )

"""Refuses to bootstrap an account that would trust the account of an example."""

from __future__ import annotations

from typing import Any

from botocore.config import Config

from deployment_account.environments import DeploymentAccount
from deployment_account.placeholders import placeholders_in
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.errors import BootstrapError


def placeholder_refusal(deployment: DeploymentAccount, account: Account) -> BootstrapError | None:
    """Why an account must not be bootstrapped yet; an emulator, which an endpoint sets instead of AWS, may hold any."""
    named = placeholders_in(f"{deployment.account} {account.place.account}")
    if not named or _is_emulated(account):
        return None
    return BootstrapError(
        f"{' and '.join(dict.fromkeys(named))} in the configuration is the placeholder of an example: whoever owns "
        f"that account could deploy into {account.place}",
        mend="write your own accounts into it: python -m scripts.bootstrap configure ENVIRONMENT "
        "--set deployment.account=… --set environment.account=… (a sandbox without pipelines: the same account twice)",
    )


def _is_emulated(account: Account) -> bool:
    ignoring: Any = {"ignore_configured_endpoint_urls": True}  # botocore knows it, its stubs do not
    of_aws: Any = account.session.client("cloudformation", region_name=account.place.region, config=Config(**ignoring))
    return bool(of_aws.meta.endpoint_url != account.client("cloudformation").meta.endpoint_url)

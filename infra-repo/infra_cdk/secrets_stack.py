"""The secrets of an environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secretsmanager

from deployment_account.names import Names, Shared, published_secret
from deployment_account.shared_values import publish
from infra_cdk.deletion_guard import DeletionGuard
from infra_cdk.perimeter import keep_key_inside

if TYPE_CHECKING:
    from constructs import Construct

    from deployment_account.environments import Environment


class SecretsStack(cdk.Stack):
    """The configured secrets, without values, under a key of their own, because readers of data may not read them."""

    def __init__(
        self, scope: Construct, id_: str, *, names: Names, environment: Environment, secrets: Mapping[str, str]
    ) -> None:
        super().__init__(
            scope,
            id_,
            description="Secrets of the data lake",
            termination_protection=environment.is_protected,
        )
        self._names = names
        self._removal_policy = cdk.RemovalPolicy.RETAIN if environment.is_protected else cdk.RemovalPolicy.DESTROY
        self.key = kms.Key(
            self,
            "Key",
            description="Secrets of the data lake",
            enable_key_rotation=True,
            removal_policy=self._removal_policy,
        )
        if environment.is_protected:
            DeletionGuard(self, names).keep_key(self.key)
        keep_key_inside(self.key, environment.organization)
        # the secondary has replicas of the primary's secrets, which the link of the Regions makes and publishes
        own = {} if environment.is_secondary else secrets
        arns = {published_secret(name): self._secret(name, purpose).ref for name, purpose in own.items()}
        publish(self, names, {Shared.SECRETS_KEY_ARN: self.key.key_arn, **arns})

    def _secret(self, name: str, purpose: str) -> secretsmanager.CfnSecret:
        """A secret without a value: CDK's construct would generate a password that no system knows."""
        secret = secretsmanager.CfnSecret(
            self,
            f"Secret-{name}",
            name=self._names.secret(name),
            description=purpose,
            kms_key_id=self.key.key_arn,
        )
        secret.apply_removal_policy(self._removal_policy)
        cdk.Validations.of(secret).acknowledge(
            cdk.Acknowledgment(
                id="AwsSolutions-SMG4",
                reason="The system that a secret belongs to says when it changes.",
            )
        )
        return secret

"""Imports the values that the infra stage published for this environment."""

from __future__ import annotations

from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from deployment_account.names import Names, Shared
from deployment_account.shared_values import shared_value


class InfraImports(Construct):
    """The data key and the buckets of the infra stage, known by their SSM parameters."""

    def __init__(self, scope: Construct, id_: str, *, names: Names) -> None:
        super().__init__(scope, id_)
        self.names = names
        self._buckets: dict[Shared, s3.IBucket] = {}
        self.data_key = kms.Key.from_key_arn(self, "DataKey", shared_value(self, names, Shared.DATA_KEY_ARN))

    def bucket(self, which: Shared) -> s3.IBucket:
        """One of the buckets of the infra stage."""
        if which not in self._buckets:
            id_ = which.name.title().replace("_", "")
            name = shared_value(self, self.names, which)
            self._buckets[which] = s3.Bucket.from_bucket_attributes(
                self, id_, bucket_name=name, encryption_key=self.data_key
            )
        return self._buckets[which]

"""S3 replication as the buckets of one Region are set, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from deployment_account.names import LANDING, Shared

if TYPE_CHECKING:
    from odp_cli.operate.regions import LakeRegion

REPLICATED = {Shared.STAGING_BUCKET: "", Shared.RAW_BUCKET: LANDING}
"""The buckets that S3 replicates, and the prefix of what it replicates."""
_WITHOUT_RULES = "ReplicationConfigurationNotFoundError"
_ARN = "arn:aws:s3:::"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a bucket."""

    is_enabled: bool
    prefix: str
    destination: str


@dataclass(frozen=True, slots=True)
class BucketRules:
    """The rules of one bucket, which is named by what a stack publishes."""

    published: Shared
    bucket: str
    rules: tuple[Rule, ...]

    @property
    def role(self) -> str:
        """What the bucket is for."""
        return self.published.value.rpartition("/")[2]

    def problem(self, partner: str) -> str:
        """Say what keeps objects from the partner's bucket; empty if they are replicated.

        A partner that is not reachable has no name: then any other bucket passes.
        """
        if not self.bucket:
            return "not deployed"
        if not self.rules:
            return "no rule replicates it"
        wanted = REPLICATED[self.published]
        fitting = [rule for rule in self.rules if wanted.startswith(rule.prefix)]
        if not fitting:
            return f"no rule has the prefix {wanted or '(all)'}"
        to_partner = [rule for rule in fitting if not partner or rule.destination == partner]
        if not to_partner:
            return f"its rule replicates to {fitting[0].destination}, not to {partner}"
        return "" if any(rule.is_enabled for rule in to_partner) else "its rule is disabled"


def rules_of(region: LakeRegion) -> list[BucketRules]:
    """Read the rules of a Region's buckets."""
    return [BucketRules(each, bucket, tuple(_rules(region, bucket))) for each, bucket in _buckets(region)]


def _buckets(region: LakeRegion) -> list[tuple[Shared, str]]:
    return [(each, region.published(each)) for each in REPLICATED]


def _rules(region: LakeRegion, bucket: str) -> Iterator[Rule]:
    if not bucket:
        return
    try:
        found = region.client("s3").get_bucket_replication(Bucket=bucket)
    except ClientError as error:
        if error.response["Error"]["Code"] == _WITHOUT_RULES:
            return
        raise
    for rule in found["ReplicationConfiguration"]["Rules"]:
        destination = str(rule["Destination"]["Bucket"]).removeprefix(_ARN)
        yield Rule(rule["Status"] == "Enabled", _prefix(rule), destination)


def _prefix(rule: Mapping[str, Any]) -> str:
    """Read the prefix of a rule of any version of the API."""
    chosen = rule.get("Filter", {})
    return str(chosen.get("Prefix", chosen.get("And", {}).get("Prefix", rule.get("Prefix", ""))))

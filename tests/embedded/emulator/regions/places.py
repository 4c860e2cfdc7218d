"""Two Regions, and a bucket in each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

EAST, WEST = "us-east-1", "us-west-2"
REPLICATION_RIGHTS = (
    "s3:GetReplicationConfiguration", "s3:ListBucket", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionTagging", "s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags",
)  # fmt: skip


@dataclass
class Pair:
    """A versioned bucket in each Region."""

    client: Callable[[str, str], Any]
    account: str
    role: str

    def bucket(self, region: str) -> str:
        return f"lake-{self.account}-{region}"

    def s3(self, region: str) -> Any:
        return self.client("s3", region)

    def make(self) -> None:
        for region in (EAST, WEST):
            where = {} if region == EAST else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            self.s3(region).create_bucket(Bucket=self.bucket(region), **where)
            self.s3(region).put_bucket_versioning(
                Bucket=self.bucket(region), VersioningConfiguration={"Status": "Enabled"}
            )

    def replicate(self, source: str, **rule: Any) -> None:
        other = WEST if source == EAST else EAST
        self.s3(source).put_bucket_replication(
            Bucket=self.bucket(source),
            ReplicationConfiguration={
                "Role": self.role,
                "Rules": [
                    {
                        "ID": "all", "Priority": 1, "Status": "Enabled", "Filter": {"Prefix": ""},
                        "DeleteMarkerReplication": {"Status": "Enabled"},
                        "Destination": {"Bucket": f"arn:aws:s3:::{self.bucket(other)}"}, **rule,
                    }
                ],
            },
        )  # fmt: skip

    def put(self, region: str, key: str, body: bytes = b"row", **more: Any) -> str:
        return str(self.s3(region).put_object(Bucket=self.bucket(region), Key=key, Body=body, **more)["VersionId"])

    def versions(self, region: str, key: str = "") -> list[dict[str, Any]]:
        found = self.s3(region).list_object_versions(Bucket=self.bucket(region), Prefix=key)
        return list(found.get("Versions", []))

    def markers(self, region: str) -> list[dict[str, Any]]:
        found = self.s3(region).list_object_versions(Bucket=self.bucket(region))
        return list(found.get("DeleteMarkers", []))

    def status(self, region: str, key: str) -> str:
        found = self.s3(region).head_object(Bucket=self.bucket(region), Key=key)
        return str(found.get("ReplicationStatus", ""))

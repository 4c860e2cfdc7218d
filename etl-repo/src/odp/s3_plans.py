"""Batch plans as JSON objects in the config bucket."""

from __future__ import annotations

import dataclasses
import json

import boto3

from odp.records import BatchPlan


class S3PlanStorage:
    """Keeps each plan under its own key; the bucket's lifecycle expires old ones."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._s3 = boto3.client("s3")

    def write(self, plan: BatchPlan) -> None:
        """Keep a plan under its key."""
        self._s3.put_object(Bucket=self._bucket, Key=plan.key, Body=json.dumps(dataclasses.asdict(plan)).encode())

    def read(self, key: str) -> BatchPlan:
        """Give the plan of a key."""
        document = json.loads(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        batches = tuple(tuple(batch) for batch in document.pop("batches"))
        return BatchPlan(**document, batches=batches)

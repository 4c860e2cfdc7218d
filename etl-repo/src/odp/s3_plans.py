"""Batch plans as JSON objects in the config bucket."""

from __future__ import annotations

import dataclasses
import json

import boto3

from odp.records import BatchPlan
from odp.stored_format import FORMAT


class S3PlanStorage:
    """Keeps each plan under its own key; the bucket's lifecycle expires old ones."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._s3 = boto3.client("s3")

    def write(self, plan: BatchPlan) -> None:
        """Keep a plan under its key."""
        document = {"format": FORMAT, **dataclasses.asdict(plan)}
        self._s3.put_object(Bucket=self._bucket, Key=plan.key, Body=json.dumps(document).encode())

    def read(self, key: str) -> BatchPlan:
        """Read the plan of a key; an older or a newer release may have written it."""
        document = json.loads(self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read())
        batches = tuple(tuple(batch) for batch in document["batches"])
        return BatchPlan(document["refresh_cadence"], document["execution_name"], batches)

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

import boto3
import pytest

from tests.unit.region_link.two_regions import PRIMARY, SECONDARY, Aws, Bucket, FakeS3, FakeSecrets, FakeSsm


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    """Both Regions with their storage, and a primary's secret that has a value."""
    buckets = {
        f"lake-{kind}-{region}": Bucket(region) for kind in ("staging", "raw") for region in (PRIMARY, SECONDARY)
    }
    published = {
        region: {
            "/odp/dev/buckets/staging": f"lake-staging-{region}",
            "/odp/dev/kms/data-key-arn": f"arn:aws:kms:{region}:222222222222:key/data",
            "/odp/dev/secrets/crm": f"arn:aws:secretsmanager:{region}:222222222222:secret:odp/dev/crm-AbCdEf",
        }
        for region in (PRIMARY, SECONDARY)
    }
    secrets = {"odp/dev/crm": {"VersionIdsToStages": {"v1": ["AWSCURRENT"]}}}
    found = Aws(
        FakeS3(PRIMARY, buckets), {region: FakeSsm(of) for region, of in published.items()}, FakeSecrets(secrets)
    )
    monkeypatch.setattr(boto3, "client", found.client)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return found


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What CloudFormation is told."""
    told: list[dict[str, Any]] = []

    class Answered:
        def close(self) -> None: ...

    def urlopen(request: urllib.request.Request, timeout: int) -> Answered:
        assert request.full_url == "https://cloudformation/answer"
        assert isinstance(request.data, bytes)
        told.append(json.loads(request.data))
        return Answered()

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    return told

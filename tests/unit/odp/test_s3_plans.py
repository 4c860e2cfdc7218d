"""Plans are read whoever wrote them: an older or a newer release may be in the middle of a deployment."""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from moto import mock_aws
from odp.records import BatchPlan
from odp.s3 import S3PlanStorage

from lake.tables.capabilities import Engine
from tests.moto_session import client

PLAN = BatchPlan("10_min_refresh", "e1", (("s.t", "s.u"), ("erp:s.t",)), (Engine.SPARK, Engine.NATIVE))


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3PlanStorage]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client("s3").create_bucket(Bucket="plans")
        yield S3PlanStorage("plans")


def test_plan_is_read_as_it_was_written_and_says_its_format(plans: S3PlanStorage) -> None:
    plans.write(PLAN)
    assert plans.read(PLAN.key) == PLAN
    document = json.loads(client("s3").get_object(Bucket="plans", Key=PLAN.key)["Body"].read())
    assert document["format"] == 2


def test_plan_keeps_the_epoch_and_the_role_for_which_it_was_made(plans: S3PlanStorage) -> None:
    plan = replace(PLAN, epoch=12, is_standby=True)
    plans.write(plan)
    assert plans.read(plan.key) == plan


SPARK = (Engine.SPARK, Engine.SPARK)


@pytest.mark.parametrize(
    ("more", "engines"),
    [({}, SPARK), ({"format": 3, "decided_by": "size", "engines": ["spark", "native"]}, PLAN.engines)],
)
def test_plan_of_an_older_or_newer_release_is_read_by_the_fields_that_are_known(
    plans: S3PlanStorage, more: dict[str, object], engines: tuple[str, ...]
) -> None:
    document = {"refresh_cadence": "10_min_refresh", "execution_name": "e1", "batches": [["s.t", "s.u"], ["erp:s.t"]]}
    client("s3").put_object(Bucket="plans", Key=PLAN.key, Body=json.dumps(document | more).encode())
    assert plans.read(PLAN.key) == replace(PLAN, engines=engines)

"""Steps that look at services which the rehearsal has not: DMS, and pipelines beside a lake; on recorded answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from deployment_account.environments import Environment, Platform
from scripts.bootstrap.accounts import Account, Place
from scripts.smoke.account_steps import dms_endpoints, pushed
from scripts.smoke.lake import SmokeLake
from scripts.smoke.ledger import SmokeTable
from scripts.smoke.made import Made
from scripts.smoke.names import SmokeNames
from scripts.smoke.outcome import StepFailedError, StepSkippedError
from scripts.smoke.patience import Patience
from scripts.smoke.step import Smoke, SmokeOptions
from scripts.smoke.table_steps import _delete_as_dms
from tests.tools.scripts.smoke.test_command import external

NOW = datetime(2026, 11, 29, tzinfo=UTC)
STAGING = "/odp/{}/buckets/staging"
TABLE = SmokeTable("orders", "smoke_1.orders", "59_min_refresh", "db", "smoke_1_orders", "smoke_1/orders/")


class Pages:
    """A paginator that gives one page."""

    def __init__(self, page: dict[str, Any]) -> None:
        self._page = page

    def paginate(self, **_: object) -> Iterable[dict[str, Any]]:
        return [self._page]


class Ssm:
    """Publishes each value under its own name."""

    def get_parameter(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - as boto3 names it
        return {"Parameter": {"Value": Name}}


class Services:
    """A session in which each service is what a test says."""

    def __init__(self, **services: object) -> None:
        self._services = {"ssm": Ssm(), **services}

    def client(self, service: str, **_: str) -> Any:
        return self._services[service]


def smoke_of(platform: Platform, environment: Environment, *, pipelines: bool = False, **services: object) -> Smoke:
    session: Any = Services(**services)
    account = Account(Place.of(environment), session)
    lake = SmokeLake(account, platform, environment, account if pipelines else None)
    nothing: Any = None
    patience = Patience(5, clock=iter(range(100)).__next__, sleep=lambda _: None)
    return Smoke(lake, SmokeNames("smoke_1"), SmokeOptions(), Made(), patience, nothing, nothing, nothing)


class Pipelines:
    """CodePipeline and CloudFormation of an account."""

    def __init__(self, runs: dict[str, list[dict[str, Any]]]) -> None:
        self._runs = runs

    def get_paginator(self, _: str) -> Pages:
        stacks = [{"StackName": f"{name}-Pipeline", "CreationTime": NOW} for name in self._runs]
        return Pages({"Stacks": stacks})

    def list_pipeline_executions(self, *, pipelineName: str, maxResults: int) -> dict[str, Any]:  # noqa: N803
        return {"pipelineExecutionSummaries": self._runs[pipelineName][:maxResults]}


def run_of(status: str, *, began: int, ended: int) -> dict[str, Any]:
    times = {"startTime": NOW + timedelta(minutes=began), "lastUpdateTime": NOW + timedelta(minutes=ended)}
    return {"status": status, "pipelineExecutionId": f"id-{began}", **times}


def seen(platform: Platform, **runs: list[dict[str, Any]]) -> list[str]:
    known = Pipelines({f"odp-dev-{name}": found for name, found in runs.items()})
    dev = platform.environments["dev"]
    return list(pushed(smoke_of(platform, dev, pipelines=True, codepipeline=known, cloudformation=known)))


def test_pipelines_that_ran_are_told_with_their_executions_and_whether_they_ran_at_once(platform: Platform) -> None:
    first = run_of("Succeeded", began=0, ended=9)
    at_once = seen(platform, infra=[first], etl=[run_of("Succeeded", began=1, ended=12)])
    assert at_once == ["odp-dev-infra: Succeeded, id-0", "odp-dev-etl: Succeeded, id-1", "both ran at once"]
    later = seen(platform, infra=[first], etl=[run_of("Succeeded", began=10, ended=12)])
    assert later[-1] == "they ran one after the other"


def test_a_pipeline_that_failed_or_never_ran_fails_the_step(platform: Platform) -> None:
    good = run_of("Succeeded", began=0, ended=9)
    with pytest.raises(StepFailedError, match=r"odp-dev-etl is Failed \(id-1\)"):
        seen(platform, infra=[good], etl=[run_of("Failed", began=1, ended=2)])
    with pytest.raises(StepFailedError, match="odp-dev-etl has never run"):
        seen(platform, infra=[good], etl=[])


def test_an_environment_without_pipelines_or_without_their_credentials_is_skipped(platform: Platform) -> None:
    with pytest.raises(StepSkippedError, match="deployed by hand"):
        seen(platform)
    with pytest.raises(StepSkippedError, match="add its --profile"):
        pushed(smoke_of(platform, platform.environments["dev"]))


class Dms:
    """DMS with one endpoint, and what its test of the connection ends with."""

    class exceptions:  # noqa: N801 - as boto3 names it
        class ResourceNotFoundFault(Exception):  # noqa: N818
            pass

    def __init__(self, settings: dict[str, str], *statuses: str) -> None:
        self._settings, self._statuses, self.tested = settings, list(statuses), 0

    def get_paginator(self, _: str) -> Pages:
        endpoint = {"EndpointIdentifier": "lake", "EndpointArn": "arn:e", "S3Settings": self._settings}
        return Pages({"Endpoints": [endpoint]})

    def describe_connections(self, **_: object) -> dict[str, Any]:
        if not self._statuses:
            raise self.exceptions.ResourceNotFoundFault
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        connection = {"Status": status, "ReplicationInstanceArn": "arn:i", "LastFailureMessage": "no such role"}
        return {"Connections": [connection]}

    def test_connection(self, **_: str) -> None:
        self.tested += 1


def settings(environment: str = "dev", **more: str) -> dict[str, str]:
    return {"BucketName": STAGING.format(environment), "DataFormat": "parquet", **more}


def looked(platform: Platform, dms: object) -> list[str]:
    dev = platform.environments["dev"]
    dev = dev.model_copy(
        update={
            "sources": {
                "default": external(),
                "erp": external("dms/erp"),
            }
        }
    )
    return list(dms_endpoints(smoke_of(platform, dev, dms=dms)))


def test_an_endpoint_is_tested_anew_by_dms_itself(platform: Platform) -> None:
    dms = Dms(settings(BucketFolder="/dms/erp/"), "successful", "testing", "successful")
    assert looked(platform, dms) == ["endpoint lake: 1 connections tested"]
    assert dms.tested == 1


def test_a_serverless_replication_has_no_connection_to_test(platform: Platform) -> None:
    assert looked(platform, Dms(settings())) == ["endpoint lake: settings are right"]


def test_a_connection_that_fails_is_told_in_the_words_of_dms(platform: Platform) -> None:
    with pytest.raises(StepFailedError, match="endpoint lake: no such role"):
        looked(platform, Dms(settings(), "successful", "failed"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"DataFormat": "csv"}, "DataFormat is not parquet"),
        ({"CdcPath": "changes"}, "CdcPath changes"),
        ({"BucketFolder": "dms"}, "BucketFolder 'dms' is of no configured source"),
    ],
)
def test_settings_that_the_framework_cannot_work_with_are_told(
    platform: Platform, changed: dict[str, str], told: str
) -> None:
    with pytest.raises(StepFailedError, match=told):
        looked(platform, Dms(settings(**changed), "successful"))


class Silent:
    """An account in which DMS does not answer."""

    exceptions = Dms.exceptions

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_paginator(self, _: str) -> Any:
        raise self._error


def test_without_an_endpoint_or_without_dms_the_step_is_skipped(platform: Platform) -> None:
    with pytest.raises(StepSkippedError, match="no endpoint of DMS writes into"):
        looked(platform, Dms(settings("other")))
    for error in (EndpointConnectionError(endpoint_url="x"), ClientError({"Error": {"Code": "400"}}, "X")):
        with pytest.raises(StepSkippedError, match="DMS does not answer here"):
            looked(platform, Silent(error))


def test_a_refusal_is_no_reason_to_skip(platform: Platform) -> None:
    with pytest.raises(ClientError):
        looked(platform, Silent(ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeEndpoints")))


class Staging:
    """A staging bucket that lets nobody delete, or anybody."""

    def __init__(self, *, is_kept: bool) -> None:
        self._is_kept, self.deleted = is_kept, list[str]()

    def list_objects_v2(self, **_: str) -> dict[str, Any]:
        return {"Contents": [{"Key": "smoke_1/orders/a"}, {"Key": "smoke_1/orders/b"}]}

    def delete_object(self, *, Bucket: str, Key: str) -> None:  # noqa: N803 - as boto3 names it
        if self._is_kept:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")
        self.deleted.append(Key)


def protected(platform: Platform, *roles: str) -> Environment:
    return platform.environments["prod"].model_copy(update={"dms_roles": roles})


def test_dms_deletes_before_it_loads_again_where_nothing_is_protected(platform: Platform) -> None:
    staging = Staging(is_kept=False)
    _delete_as_dms(smoke_of(platform, platform.environments["dev"], s3=staging), TABLE)
    assert staging.deleted == ["smoke_1/orders/a", "smoke_1/orders/b"]


def test_in_a_protected_environment_the_deletion_must_be_refused_and_left_to_a_role_of_dms(platform: Platform) -> None:
    kept, open_to_all = Staging(is_kept=True), Staging(is_kept=False)
    told = _delete_as_dms(smoke_of(platform, protected(platform, "dms-landing"), s3=kept), TABLE)
    assert told == "deletion refused to these credentials; it is left to dms-landing"
    with pytest.raises(StepFailedError, match="names no role of DMS"):
        _delete_as_dms(smoke_of(platform, protected(platform), s3=kept), TABLE)
    with pytest.raises(StepFailedError, match="let these credentials delete"):
        _delete_as_dms(smoke_of(platform, protected(platform, "dms-landing"), s3=open_to_all), TABLE)

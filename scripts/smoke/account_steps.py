"""Steps 1, 2 and 10: read-only checks of the accounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from deployment_account.names import Shared
from scripts.bootstrap.cdk_cli import Bootstrap
from scripts.bootstrap.findings import State
from scripts.bootstrap.lake_formation import lake_formation_finding
from scripts.bootstrap.stacks import stacks_of
from scripts.smoke.lake import Item
from scripts.smoke.outcome import StepFailedError, StepSkippedError
from scripts.smoke.step import Evidence, Smoke, Step

COMPONENTS = ("infra", "etl")
GOOD_ENDS = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")
NO_SUCH_SERVICE = ("UnknownOperationException", "UnsupportedOperation", "NotImplemented", "InvalidAction")
"""Besides, an answer without a code, in place of which botocore gives the HTTP status."""


def bootstrapped(smoke: Smoke) -> Evidence:
    """Step 1."""
    lake = smoke.lake
    bootstrap = Bootstrap.of(lake.names, lake.account.place.account, lake.account.place.region)
    ssm = lake.client("ssm")
    try:
        version = ssm.get_parameter(Name=bootstrap.version_parameter)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound as error:
        raise StepFailedError(f"the account is not bootstrapped: there is no {bootstrap.version_parameter}") from error
    return [f"bootstrap version {version}", *_stacks(smoke), _lake_formation(smoke), _default_database(smoke)]


def pushed(smoke: Smoke) -> Evidence:
    """Step 2: the newest execution of each pipeline."""
    account, names = smoke.lake.pipelines, smoke.lake.names
    if account is None:
        place = smoke.lake.platform.deployment_of(smoke.lake.environment).account
        raise StepSkippedError(f"no credentials of the pipelines' account {place} were given: add its --profile")
    if not any(stacks_of(account, names.pipeline_stack(component)) for component in COMPONENTS):
        raise StepSkippedError("the environment has no pipelines: it was deployed by hand")
    client = account.client("codepipeline")
    newest = {}
    for component in COMPONENTS:
        pipeline = names.stage(component)
        runs = client.list_pipeline_executions(pipelineName=pipeline, maxResults=1)["pipelineExecutionSummaries"]
        if not runs:
            raise StepFailedError(f"pipeline {pipeline} has never run")
        newest[pipeline] = runs[0]
    bad = [f"{name} is {run['status']} ({run['pipelineExecutionId']})" for name, run in newest.items() if _bad(run)]
    if bad:
        raise StepFailedError("; ".join(bad))
    evidence = [f"{name}: {run['status']}, {run['pipelineExecutionId']}" for name, run in newest.items()]
    return [*evidence, _at_once(list(newest.values()))]


def dms_endpoints(smoke: Smoke) -> Evidence:
    """Step 10: what DMS says of the endpoints that write into the staging bucket."""
    dms, staging = smoke.lake.client("dms"), smoke.lake.published(Shared.STAGING_BUCKET)
    endpoints = [each for each in _endpoints(dms) if each.get("S3Settings", {}).get("BucketName") == staging]
    if not endpoints:
        raise StepSkippedError(f"no endpoint of DMS writes into {staging}: make one (docs/deployment.md, step 8)")
    evidence = []
    for endpoint in endpoints:
        if wrong := _wrong_setting(smoke, endpoint["S3Settings"]):
            raise StepFailedError(f"endpoint {endpoint['EndpointIdentifier']}: {wrong}")
        evidence.append(_tested(smoke, dms, endpoint))
    return evidence


def _stacks(smoke: Smoke) -> Iterator[str]:
    """Require that all stacks of the lake are deployed successfully."""
    for component in COMPONENTS:
        prefix = f"{smoke.lake.names.stage(component)}-"
        pages = smoke.lake.client("cloudformation").get_paginator("describe_stacks").paginate()
        found = {
            stack["StackName"]: stack["StackStatus"]
            for page in pages
            for stack in page["Stacks"]
            if stack["StackName"].startswith(prefix)
        }
        bad = [f"{name} is {status}" for name, status in found.items() if status not in GOOD_ENDS]
        if bad or not found:
            raise StepFailedError(
                "; ".join(bad) or f"no stack {prefix}* is deployed",
                advice="read the stack's events in CloudFormation, mend the cause, then retry the pipeline's stage",
            )
        yield f"{len(found)} stacks of {component}"


def _lake_formation(smoke: Smoke) -> str:
    """The services of a rehearsal may not know Lake Formation; AWS does."""
    try:
        finding = lake_formation_finding("Lake Formation", smoke.lake.account)
    except ClientError as error:
        if not _is_unknown_service(error):
            raise
        return "Lake Formation does not answer here"
    if finding.state is State.WRONG:
        raise StepFailedError(finding.seen, advice=finding.mend)
    return finding.seen


def _default_database(smoke: Smoke) -> str:
    glue = smoke.lake.client("glue")
    try:
        glue.get_database(Name="default")
    except glue.exceptions.EntityNotFoundException:
        return "no database default yet: the first refresh makes it"
    return "database default is there"


def _is_unknown_service(error: ClientError) -> bool:
    code = str(error.response["Error"]["Code"])
    return code in NO_SUCH_SERVICE or code.isdigit()


def _bad(run: Item) -> bool:
    return run["status"] not in {"Succeeded", "InProgress"}


def _at_once(runs: list[Item]) -> str:
    first, second = sorted(runs, key=lambda run: run["startTime"])
    ended: datetime = first.get("lastUpdateTime") or second["startTime"]
    return "both ran at once" if second["startTime"] < ended else "they ran one after the other"


def _endpoints(dms: Any) -> list[Item]:  # noqa: ANN401  boto3 makes clients at run time
    filters = [{"Name": "endpoint-type", "Values": ["target"]}]
    try:
        pages = list(dms.get_paginator("describe_endpoints").paginate(Filters=filters))
    except dms.exceptions.ResourceNotFoundFault:
        return []
    except EndpointConnectionError as error:
        raise StepSkippedError("DMS does not answer here") from error
    except ClientError as error:
        if _is_unknown_service(error):
            raise StepSkippedError("DMS does not answer here") from error
        raise
    return [endpoint for page in pages for endpoint in page["Endpoints"]]


def _wrong_setting(smoke: Smoke, settings: Item) -> str:
    """Return the setting that keeps an endpoint's files from a source; empty if there is none."""
    folders = {source.folder for source in smoke.lake.environment.sources.values()}
    folder = str(settings.get("BucketFolder", "")).strip("/")
    if str(settings.get("DataFormat", "csv")).lower() != "parquet":
        return "DataFormat is not parquet"
    if settings.get("CdcPath"):
        return f"CdcPath {settings['CdcPath']} takes changes away from the folders of their tables; leave it empty"
    if folder not in folders:
        known = ", ".join(sorted(repr(each) for each in folders))
        return f"BucketFolder {folder!r} is of no configured source, whose folders are {known}"
    return ""


def _tested(smoke: Smoke, dms: Any, endpoint: Item) -> str:  # noqa: ANN401  boto3 makes clients at run time
    """Have every replication instance test its connection again; a serverless replication has none to test."""
    arn, name = endpoint["EndpointArn"], endpoint["EndpointIdentifier"]
    of_endpoint = [{"Name": "endpoint-arn", "Values": [arn]}]
    try:
        known = dms.describe_connections(Filters=of_endpoint)["Connections"]
    except dms.exceptions.ResourceNotFoundFault:
        known = []
    for connection in known:
        dms.test_connection(ReplicationInstanceArn=connection["ReplicationInstanceArn"], EndpointArn=arn)
    ended = smoke.patience.until(
        f"the test of endpoint {name}",
        lambda: dms.describe_connections(Filters=of_endpoint)["Connections"] if known else [],
        lambda found: all(each["Status"] != "testing" for each in found),
    )
    failed = [each.get("LastFailureMessage", each["Status"]) for each in ended if each["Status"] != "successful"]
    if failed:
        raise StepFailedError(f"endpoint {name}: {failed[0]}")
    return f"endpoint {name}: {len(ended)} connections tested" if ended else f"endpoint {name}: settings are right"


STEPS = (
    Step(
        1,
        "the account is bootstrapped and the stacks are deployed",
        "the bootstrap's version, the state of every stack, Lake Formation, the database `default`",
        "python -m scripts.bootstrap check says what is missing; docs/deployment.md, steps 4 to 6",
        bootstrapped,
    ),
    Step(
        2,
        "both pipelines ran",
        "the newest execution of the infra and of the etl pipeline",
        "open the failed action in CodePipeline; a failed etl stage may have waited for a value of the infra stage: "
        "Retry failed actions (docs/deployment.md, step 6)",
        pushed,
    ),
)
DMS_STEP = Step(
    10,
    "DMS reaches the staging bucket",
    "settings of the endpoints that write into the staging bucket, and DMS's own test of their connections",
    "the policy and trust of DMS's role (docs/dms-role-policy.json), the key's policy, the settings of the endpoint "
    "(docs/deployment.md, steps 8 and 9)",
    dms_endpoints,
)

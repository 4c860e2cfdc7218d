"""Lambda entry point that CloudFormation calls to upload a deployment's manifests as one request.

It writes the request's object and also sends the event to the queue, because a rule that was just created may miss the
object's event (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule.html). A second event of one
request changes nothing.
"""

from __future__ import annotations

import io
import json
import logging
import urllib.request
import zipfile
from collections.abc import Mapping
from typing import Any

import boto3

from lake.functions import entry_point
from lake.log_keys import log_keys
from lake.variables import VariablesError
from odp.config_manager.request import REQUEST_KEY, RequestContent, write_request
from odp.variables import ManifestUploadVariables

logger = logging.getLogger(__name__)


def handle(event: dict[str, Any], context: object) -> None:
    """Upload the manifests that the resource names; deleting the resource does not change the running configuration.

    Raises:
        VariablesError: the environment is not that of the code; CloudFormation, which waits for an hour, is told first.
    """
    try:
        ManifestUploadVariables.read()
    except VariablesError as failure:
        needs_nothing = event["RequestType"] == "Delete"
        _answer(event, "SUCCESS" if needs_nothing else "FAILED", f"{type(failure).__name__}: {failure}")
        raise
    _upload(event, context)


@entry_point("manifest-upload", ManifestUploadVariables)
def _upload(event: dict[str, Any], context: object) -> None:  # noqa: ARG001 - Lambda's signature
    with log_keys(correlation_id=event["RequestId"]):
        try:
            if event["RequestType"] != "Delete":
                variables = ManifestUploadVariables.read()
                deliver(event["ResourceProperties"], variables.config_bucket, variables.queue_url)
                logger.info("delivered the manifests of commit %s", event["ResourceProperties"]["Commit"])
        except Exception as failure:
            logger.exception("the manifests were not delivered")
            _answer(event, "FAILED", f"{type(failure).__name__}: {failure}")
        else:
            _answer(event, "SUCCESS", "")


def deliver(properties: Mapping[str, str], bucket: str, queue_url: str) -> None:
    """Write the request of the manifests in an archive, and announce it."""
    s3 = boto3.client("s3")
    archive = s3.get_object(Bucket=properties["ArchiveBucket"], Key=properties["ArchiveKey"])["Body"].read()
    content = RequestContent(properties["Commit"], properties["RequestedBy"], manifests_in(archive))
    written = s3.put_object(Bucket=bucket, Key=REQUEST_KEY, Body=write_request(content), ContentType="application/json")
    announced = {"bucket": {"name": bucket}, "object": {"key": REQUEST_KEY, "version-id": written["VersionId"]}}
    boto3.client("sqs").send_message(QueueUrl=queue_url, MessageBody=json.dumps({"detail": announced}))


def manifests_in(archive: bytes) -> dict[str, str]:
    """Give the text of each `*.json` at the top of a zip archive; deeper files are not manifests."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        names = sorted(name for name in files.namelist() if "/" not in name and name.endswith(".json"))
        return {name: files.read(name).decode() for name in names}


def _answer(event: Mapping[str, Any], status: str, reason: str) -> None:
    """CloudFormation waits up to an hour for this answer."""
    answer = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": REQUEST_KEY,
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    request = urllib.request.Request(  # noqa: S310 - the address is CloudFormation's own
        event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT", headers={"Content-Type": ""}
    )
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310

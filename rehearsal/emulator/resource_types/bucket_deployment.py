"""The CDK's BucketDeployment, whose own handler needs the AWS command line in a Lambda layer at /opt."""

import io
import zipfile
from typing import Any

from rehearsal.emulator.account_clients import account_client
from rehearsal.emulator.resource_types.registration import Created, Properties, ResourceType

_UNSUPPORTED = ("SourceMarkers", "Exclude", "Include", "DistributionId")


def _deploy(properties: Properties) -> Created:
    if refused := [name for name in _UNSUPPORTED if any(properties.get(name) or ())]:
        raise ValueError(f"BucketDeployment with {', '.join(refused)} is not supported here")
    bucket, prefix = properties["DestinationBucketName"], properties.get("DestinationBucketKeyPrefix", "")
    s3 = account_client("s3")
    for key, content in _files(properties):
        s3.put_object(Bucket=bucket, Key=_key(prefix, key), Body=content)
    # The same destination keeps its id, so that an update replaces files and never deletes the new ones.
    return f"aws.cdk.s3deployment/{bucket}/{prefix}", {"SourceObjectKeys": properties["SourceObjectKeys"]}


def _remove(_: str, properties: Properties) -> None:
    if str(properties.get("RetainOnDelete", "true")).lower() == "true":
        return
    bucket, prefix = properties["DestinationBucketName"], properties.get("DestinationBucketKeyPrefix", "")
    for key, _content in _files(properties):
        account_client("s3").delete_object(Bucket=bucket, Key=_key(prefix, key))


def _files(properties: Properties) -> list[tuple[str, bytes]]:
    sources = zip(properties["SourceBucketNames"], properties["SourceObjectKeys"], strict=True)
    return [file for bucket, key in sources for file in _source_files(bucket, key, properties)]


def _source_files(bucket: str, key: str, properties: Properties) -> list[tuple[str, bytes]]:
    content: Any = account_client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    if str(properties.get("Extract", "true")).lower() != "true":
        return [(key, content)]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(entry.filename, archive.read(entry)) for entry in archive.infolist() if not entry.is_dir()]


def _key(prefix: str, name: str) -> str:
    return "/".join(part for part in (prefix.strip("/"), name) if part)


TYPES = (ResourceType("Custom::CDKBucketDeployment", _deploy, _remove),)

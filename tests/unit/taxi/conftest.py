"""The audit table and the bundle bucket in moto, which is fit for single-threaded tests of adapters only."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from tests.cheap_moto import create_again
from tests.moto_session import client, resource

if TYPE_CHECKING:
    from types_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from types_boto3_s3.client import S3Client


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def dynamodb(aws: None) -> "DynamoDBServiceResource":
    made: DynamoDBServiceResource = resource("dynamodb")
    create_again(_create_table, made)
    return made


def _create_table(dynamodb: "DynamoDBServiceResource") -> None:
    dynamodb.create_table(
        TableName="audit",
        KeySchema=[
            {"AttributeName": "dataset", "KeyType": "HASH"},
            {"AttributeName": "file_id", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "dataset", "AttributeType": "S"},
            {"AttributeName": "file_id", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.fixture
def bucket(aws: None) -> "S3Client":
    s3: S3Client = client("s3")
    s3.create_bucket(Bucket="bundles")
    return s3

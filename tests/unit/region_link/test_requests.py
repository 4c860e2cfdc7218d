"""What the function asks of AWS is what the SDK's models of the services take."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters
from region_link.bucket_replication import configuration
from region_link.secret_replicas import answer

from tests.unit.region_link.test_link import SECRETS, STAGING, event
from tests.unit.region_link.two_regions import Aws


def check(service: str, operation: str, request: dict[str, Any]) -> None:
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).input_shape
    assert shape
    validate_parameters(request, shape)


def test_s3_knows_every_part_of_the_configuration() -> None:
    request = {"Bucket": "b", "ExpectedBucketOwner": "2", "ReplicationConfiguration": configuration(STAGING)}
    check("s3", "PutBucketReplication", request)


def test_secrets_manager_knows_every_part_of_its_request(aws: Aws) -> None:
    answer(event("SecretReplicas", "Create", SECRETS))
    check("secretsmanager", "ReplicateSecretToRegions", aws.secrets.asked[0])


def test_a_misspelt_part_would_be_found() -> None:
    wrong = {**configuration(STAGING), "Rule": []}
    with pytest.raises(Exception, match="Unknown parameter"):
        check("s3", "PutBucketReplication", {"Bucket": "b", "ReplicationConfiguration": wrong})

"""What CloudFormation needs for a type is known, or the type is refused."""

import pytest

from rehearsal.pipeline.definition import UnsupportedPipelineError
from rehearsal.pipeline.registry import needed_actions


def test_a_type_needs_what_its_handlers_call_as_we_use_it() -> None:
    needed = needed_actions("AWS::SNS::Topic")
    assert "sns:CreateTopic" in needed
    assert "sns:PutDataProtectionPolicy" not in needed


def test_operations_are_named_as_iam_does() -> None:
    needed = needed_actions("AWS::S3::Bucket")
    assert "s3:PutEncryptionConfiguration" in needed
    assert "s3:DeleteBucketEncryption" not in needed


def test_a_custom_resource_needs_its_function() -> None:
    assert needed_actions("Custom::CDKBucketDeployment") == {"lambda:InvokeFunction"}


def test_an_unknown_type_is_refused_with_the_file_to_mend() -> None:
    with pytest.raises(UnsupportedPipelineError, match=r"AWS::Quantum::Computer.*registry_permissions\.json"):
        needed_actions("AWS::Quantum::Computer")

"""What is promised of secrets: a key of their own, names that people type, and no value in any template."""

from __future__ import annotations

from pathlib import Path

from tests.synth.configurations import known, synthesised
from tests.synth.synthesis import Template


def test_a_secret_has_the_name_that_scripts_set_it_by_and_says_what_it_is_for(
    secrets: Template, environment: str
) -> None:
    secret = secrets.only("AWS::SecretsManager::Secret")
    assert secret["Name"] == f"odp/{environment}/source-database"
    assert secret["Description"] == "How DMS signs in to the source database"


def test_no_value_comes_from_a_template(secrets: Template) -> None:
    """A generated password would be one that no system knows, and looks as if it were set."""
    secret = secrets.only("AWS::SecretsManager::Secret")
    assert not secret.keys() & {"SecretString", "GenerateSecretString"}


def test_secrets_rest_under_a_rotating_key_that_is_not_that_of_the_data(secrets: Template) -> None:
    (key,) = secrets.resources("AWS::KMS::Key")
    assert secrets.only("AWS::SecretsManager::Secret")["KmsKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    assert secrets.only("AWS::KMS::Key")["EnableKeyRotation"] is True


def test_no_service_uses_the_key_of_secrets_by_itself(secrets: Template) -> None:
    statements = secrets.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    assert not [statement for statement in statements if "Service" in statement["Principal"]]


def test_secrets_outlive_their_stack_in_prod_and_go_with_it_elsewhere(secrets: Template, is_prod: bool) -> None:
    resources = [each for each in secrets.body["Resources"].values() if "SSM" not in each["Type"]]
    assert {each["DeletionPolicy"] for each in resources} == {"Retain" if is_prod else "Delete"}
    assert secrets.properties.get("terminationProtection", False) is is_prod


def test_their_arns_are_published(secrets: Template, environment: str) -> None:
    published = {each["Name"]: each["Value"] for each in secrets.resources("AWS::SSM::Parameter").values()}
    (secret,) = secrets.resources("AWS::SecretsManager::Secret")
    assert published[f"/odp/{environment}/secrets/source-database"] == {"Ref": secret}


def test_one_more_secret_is_one_more_line(tmp_path: Path) -> None:
    document = known()
    document["secrets"]["file-server"] = "Key with which the file server pushes CSV files"
    secrets = synthesised(document, tmp_path, direct="dev")["odp-dev-infra-Secrets"]
    names = {secret["Name"] for secret in secrets.resources("AWS::SecretsManager::Secret").values()}
    assert names == {"odp/dev/source-database", "odp/dev/file-server"}

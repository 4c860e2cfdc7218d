"""Assemblies are deployed as they are, and a deployment that fails says what failed and why."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rehearsal.deployment.assembly import Assembly
from rehearsal.deployment.deployer import DeploymentError, Progress, deploy
from rehearsal.emulator.process import Emulator
from tests.embedded.failing_resource import FAILING

TOPIC = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "alerts"}}
VERSION_PARAMETER = {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/hnb659fds/version"}
PUBLISHES = {"Resources": {"Topic": TOPIC}, "Outputs": {"Arn": {"Value": {"Ref": "Topic"}, "Export": {"Name": "arn"}}}}
READS = {
    "Parameters": {"BootstrapVersion": VERSION_PARAMETER},
    "Resources": {
        "Copy": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/copied", "Type": "String", "Value": {"Fn::ImportValue": "arn"}},
        }
    },
}


def _steps(assembly: Assembly, emulator: Emulator) -> list[tuple[str, str, int]]:
    seen: list[Progress] = []
    deploy(assembly, emulator, seen.append)
    return [(progress.step, progress.subject, progress.count) for progress in seen]


def test_stacks_are_created_in_the_order_of_their_dependencies(
    make_assembly: Callable[..., Assembly], emulator: Emulator, aws: Callable[[str], Any]
) -> None:
    steps = _steps(make_assembly({"publisher": PUBLISHES, "reader": READS}), emulator)
    assert steps == [("published", "assembly", 2), ("created", "publisher", 1), ("created", "reader", 1)]
    assert aws("ssm").get_parameter(Name="/copied")["Parameter"]["Value"].endswith(":alerts")
    (stack,) = aws("cloudformation").describe_stacks(StackName="reader")["Stacks"]
    assert stack["Tags"] == [{"Key": "owner", "Value": "tests"}]


def test_a_second_deployment_changes_only_what_has_changed(
    make_assembly: Callable[..., Assembly], emulator: Emulator, aws: Callable[[str], Any]
) -> None:
    deploy(make_assembly({"publisher": PUBLISHES, "reader": READS}), emulator)
    changed = json.loads(json.dumps(READS).replace("/copied", "/renamed"))
    steps = _steps(make_assembly({"publisher": PUBLISHES, "reader": changed}), emulator)
    assert steps[1:] == [("unchanged", "publisher", 1), ("updated", "reader", 1)]
    names = [parameter["Name"] for parameter in aws("ssm").describe_parameters()["Parameters"]]
    assert "/renamed" in names
    assert "/copied" not in names


def test_a_template_too_large_for_a_request_is_deployed(
    make_assembly: Callable[..., Assembly], emulator: Emulator
) -> None:
    named = ({"DisplayName": "long " * 20, "TopicName": f"t{number}"} for number in range(400))
    many = {f"Topic{number}": {"Type": "AWS::SNS::Topic", "Properties": names} for number, names in enumerate(named)}
    assembly = make_assembly({"large": {"Resources": many}})
    assert assembly.stacks[0].template.stat().st_size > 51_200
    assert _steps(assembly, emulator)[1] == ("created", "large", 400)


def test_file_assets_are_published_files_as_they_are_and_folders_as_archives(
    make_assembly: Callable[..., Assembly], emulator: Emulator, aws: Callable[[str], Any], tmp_path: Path, account: str
) -> None:
    source = tmp_path / "assembly" / "asset" / "package"
    source.mkdir(parents=True)
    (source / "module.py").write_text("VALUE = 1")
    (tmp_path / "assembly" / "job.py").write_text("print()")
    deploy(make_assembly({"only": PUBLISHES}, files={"asset": "asset.zip", "job.py": "job-1.py"}), emulator)
    bucket = f"cdk-hnb659fds-assets-{account}-us-east-1"
    assert aws("s3").get_object(Bucket=bucket, Key="job-1.py")["Body"].read() == b"print()"
    archive = io.BytesIO(aws("s3").get_object(Bucket=bucket, Key="asset.zip")["Body"].read())
    with zipfile.ZipFile(archive) as content:
        assert content.namelist() == ["package/module.py"]
        assert content.read("package/module.py") == b"VALUE = 1"


def test_a_failed_stack_names_resource_type_and_reason(
    make_assembly: Callable[..., Assembly], emulator: Emulator
) -> None:
    with pytest.raises(DeploymentError) as failure:
        deploy(make_assembly({"broken": {"Resources": {"Topic": TOPIC, "Files": FAILING}}}), emulator)
    assert (failure.value.stack, failure.value.resource) == ("broken", "Files")
    assert failure.value.resource_type == "Custom::CDKBucketDeployment"
    assert "NoSuchBucket" in failure.value.reason
    assert str(failure.value).startswith("broken: Files (Custom::CDKBucketDeployment): ")


def test_an_unknown_resource_type_is_refused_before_anything_is_made(
    make_assembly: Callable[..., Assembly], emulator: Emulator, aws: Callable[[str], Any]
) -> None:
    template = {"Resources": {"Topic": TOPIC, "Unknown": {"Type": "AWS::Quantum::Computer"}}}
    with pytest.raises(DeploymentError, match=r"Unrecognized resource types: \[AWS::Quantum::Computer\]"):
        deploy(make_assembly({"refused": template}), emulator)
    assert aws("sns").list_topics()["Topics"] == []


def test_a_stack_whose_creation_failed_is_made_anew_once_it_is_mended(
    make_assembly: Callable[..., Assembly], emulator: Emulator
) -> None:
    with pytest.raises(DeploymentError):
        deploy(make_assembly({"mended": READS}), emulator)
    with pytest.raises(DeploymentError):
        deploy(make_assembly({"mended": {"Resources": {"Files": FAILING}}}), emulator)
    assert _steps(make_assembly({"mended": PUBLISHES}), emulator)[1] == ("created", "mended", 1)


def test_a_failed_update_is_reported_and_rolled_back(
    make_assembly: Callable[..., Assembly], emulator: Emulator, aws: Callable[[str], Any]
) -> None:
    deploy(make_assembly({"stack": PUBLISHES}), emulator)
    template = {**PUBLISHES, "Resources": {"Topic": TOPIC, "Files": FAILING}}
    with pytest.raises(DeploymentError, match="stack: Files .*NoSuchBucket"):
        deploy(make_assembly({"stack": template}), emulator)
    (stack,) = aws("cloudformation").describe_stacks(StackName="stack")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"

"""Whoever may push to prod's branch, but not approve: what the approver is shown is what CloudFormation executes.

The pipelines are deployed as synthesised, prod's storage first in an honest state. A push takes half a minute, so two
attacks are pushed together where one is answered by the text of the question and the other by what follows.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from deployment_account.environments import load_platform
from rehearsal.demo.workspace import PROJECT
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from rehearsal.pipeline.cli import decide
from rehearsal.pipeline.rehearsal import CHECKS, Rehearsal
from rehearsal.pipeline.report import PipelineWatch
from tests.embedded.pipeline.developer import INSTALL, Developer

PIPELINES, PROD = "111111111111", "444444444444"
INFRA, ETL = "odp-prod-infra", "odp-prod-etl"
STORAGE = f"{INFRA}-Storage"
APP, STORAGE_STACK = "infra-repo/app.py", "infra-repo/infra_cdk/storage_stack.py"
DESCRIPTION = '"Keys and buckets of the data lake"'
Document = dict[str, Any]
END_OF_APP = """    build_app().synth()
"""
ALL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
EVERYBODY = {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]}
EVIL = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "RoleName": "odp-prod-evil",
        "AssumeRolePolicyDocument": EVERYBODY,
        "Policies": [{"PolicyName": "all", "PolicyDocument": ALL}],
    },
}
DECOUPLED = f"""{END_OF_APP}
    import json

    stage = HERE / "cdk.out" / "assembly-odp-prod-infra"
    manifest = json.loads((stage / "manifest.json").read_text())
    for artifact in manifest["artifacts"].values():
        name = artifact.get("properties", {{}}).get("templateFile", "")
        if "Storage" in name:
            template = (stage / name).read_text()
            (stage / "untouched.template.json").write_text(template)
            artifact["properties"]["templateFile"] = "untouched.template.json"
            changed = json.loads(template)
            changed["Resources"]["Evil"] = {EVIL!r}
            (stage / name).write_text(json.dumps(changed))
    (stage / "manifest.json").write_text(json.dumps(manifest))
"""
"""The manifest names an untouched copy of the template, the file that the pipeline deploys is another one."""


def plugin(marker: Path) -> str:
    """Whatever tool begins in the artifact reads its settings there, and runs what these name."""
    evil = f"require('fs').appendFileSync('{marker}', process.argv.join(' ') + String.fromCharCode(10));"
    return f"""{END_OF_APP}
    import json

    assembly = HERE / "cdk.out"
    (assembly / "evil.js").write_text({evil!r} + "module.exports = {{version: '1', init() {{}}}};")
    (assembly / "cdk.json").write_text(json.dumps({{"plugin": ["/proc/self/cwd/evil.js"]}}))
    (assembly / ".npmrc").write_text("node-options=--require ./evil.js")
    (assembly / "sitecustomize.py").write_text("open({str(marker)!r}, 'a').write('python')")
    (assembly / "release_check.py").write_text("open({str(marker)!r}, 'a').write('python')")
"""


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """An emulator of its own, with prod bootstrapped."""
    folder = tmp_path_factory.mktemp("attacked")
    settings = EmulatorSettings(run_directory=folder, skipped_commands=(*CHECKS, INSTALL))
    with Emulator(settings) as emulator:
        made = Rehearsal(load_platform(PROJECT / "config" / "environments.json"), emulator)
        made.create_repository()
        made.bootstrap(["prod"])
        yield made


@pytest.fixture(scope="module")
def pusher(attacked: Rehearsal, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    """Somebody with a clone, after an honest release of prod that was approved."""
    developer = Developer(tmp_path_factory.mktemp("pusher") / "clone", attacked)
    developer.bring_installed_synthesis(validates=False)
    developer.push("prod")
    attacked.deploy_pipelines("infra-repo", ["prod"])
    assert "odp-prod-infra-Storage" in asked(attacked, INFRA)
    assert answered(attacked, INFRA, "Approved") == "Succeeded", told(attacked, INFRA)
    return developer


Change = tuple[str, str, str]
"""A file, a text in it and the text that takes its place."""


def question_to(rehearsal: Rehearsal, pusher: Developer, *changes: Change) -> str:
    """Push changes, and return the question to the approver; the clone is as it was before."""
    for change in changes:
        pusher.replace(*change)
    pusher.push("prod")
    for _ in changes:
        pusher.take_back()
    return asked(rehearsal, INFRA)


@pytest.fixture
def push(attacked: Rehearsal, pusher: Developer) -> Iterator[Callable[..., str]]:
    """Push changes, and return the question to the approver, which is answered in the end."""
    yield lambda *changes: question_to(attacked, pusher, *changes)
    if pending(attacked, INFRA):
        answered(attacked, INFRA, "Rejected")


def asked(rehearsal: Rehearsal, pipeline: str) -> str:
    """The question to an approver, once there is one."""
    watched = PipelineWatch(rehearsal.codepipeline, Console(file=io.StringIO())).until_settled([pipeline])
    found = pending(rehearsal, pipeline)
    assert found, f"{watched}: {told(rehearsal, pipeline)}"
    return found


def pending(rehearsal: Rehearsal, pipeline: str) -> str:
    states = rehearsal.codepipeline.get_pipeline_state(name=pipeline)["stageStates"]
    latest = [action.get("latestExecution", {}) for stage in states for action in stage["actionStates"]]
    return next((str(each["summary"]) for each in latest if each.get("token")), "")


def answered(rehearsal: Rehearsal, pipeline: str, status: str) -> str:
    """Answer, and give how the release ended."""
    decide(rehearsal.codepipeline, pipeline, status=status, summary="")
    settled = PipelineWatch(rehearsal.codepipeline, Console(file=io.StringIO())).until_settled([pipeline])
    return settled[pipeline]


def told(rehearsal: Rehearsal, pipeline: str) -> str:
    """What the actions of the newest execution say."""
    client = rehearsal.codepipeline
    (newest, *_) = client.list_pipeline_executions(pipelineName=pipeline)["pipelineExecutionSummaries"]
    details = client.list_action_executions(
        pipelineName=pipeline, filter={"pipelineExecutionId": newest["pipelineExecutionId"]}
    )["actionExecutionDetails"]
    return "\n".join(
        f"{each['actionName']} {each['status']} {each['output']['executionResult'].get('externalExecutionSummary')}"
        for each in reversed(details)
    )


def deployed(rehearsal: Rehearsal, stack: str = STORAGE) -> Document:
    found = rehearsal.emulator.client("cloudformation", account=PROD).get_template(StackName=stack)["TemplateBody"]
    return found if isinstance(found, dict) else json.loads(found)


def swap(rehearsal: Rehearsal, pipeline: str, change: Callable[[str, bytes], bytes]) -> int:
    """Overwrite the newest artifact of the synthesis, which the role of any later synthesis may; count the files."""
    cloudformation = rehearsal.emulator.client("cloudformation", account=PIPELINES)
    resources = cloudformation.describe_stack_resources(StackName=f"{pipeline}-Pipeline")["StackResources"]
    (bucket,) = [each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::S3::Bucket"]
    s3 = rehearsal.emulator.client("s3", account=PIPELINES)
    found = s3.list_objects_v2(Bucket=bucket)["Contents"]
    key = max((each for each in found if "/Synth_Output/" in each["Key"]), key=lambda each: each["LastModified"])["Key"]
    old = zipfile.ZipFile(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
    new, changed = io.BytesIO(), 0
    with zipfile.ZipFile(new, "w") as archive:
        for name in old.namelist():
            content = change(name, old.read(name))
            changed += content != old.read(name)
            archive.writestr(name, content)
    s3.put_object(Bucket=bucket, Key=key, Body=new.getvalue())
    (first,) = [each for each in s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"] if not each["IsLatest"]]
    kept = s3.get_object(Bucket=bucket, Key=key, VersionId=first["VersionId"])["Body"].read()
    assert zipfile.ZipFile(io.BytesIO(kept)).namelist() == old.namelist(), "what was overwritten tells what was there"
    return changed


def with_evil(name: str, content: bytes) -> bytes:
    if "Storage" not in name or not name.endswith(".template.json"):
        return content
    template = json.loads(content)
    template["Resources"]["Evil"] = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "evil"}}
    return json.dumps(template).encode()


@dataclass(frozen=True)
class Doubtful:
    """The question about a push, and how its release ended when somebody had rejected it."""

    question: str
    end: str


@pytest.fixture(scope="module")
def doubtful(attacked: Rehearsal, pusher: Developer) -> Doubtful:
    """A push of a manifest that names another file, and of a rule that deletes all data."""
    kept, expiring = 'self.raw = self._tables("Raw")', 'self.raw = self._bucket("Raw", expire(1), versioned=True)'
    question = question_to(attacked, pusher, (APP, END_OF_APP, DECOUPLED), (STORAGE_STACK, kept, expiring))
    return Doubtful(question, answered(attacked, INFRA, "Rejected"))


@pytest.mark.timeout(600)
def test_a_manifest_that_names_another_file_hides_nothing(doubtful: Doubtful) -> None:
    assert "PERMISSIONS ARE BROADENED" in doubtful.question
    assert f"{STORAGE}/Evil allows" in doubtful.question


@pytest.mark.timeout(600)
def test_a_rule_that_deletes_all_data_is_no_all_clear(attacked: Rehearsal, doubtful: Doubtful) -> None:
    assert "DATA WILL BE LOST" in doubtful.question
    assert f"{STORAGE}/Raw" in doubtful.question
    assert "expires objects (ExpirationInDays 1)" in doubtful.question
    assert doubtful.end == "Failed"
    assert "ExpirationInDays" not in json.dumps([
        resource["Properties"].get("LifecycleConfiguration")
        for id_, resource in deployed(attacked)["Resources"].items()
        if id_.startswith("Raw") and resource["Type"] == "AWS::S3::Bucket"
    ])  # fmt: skip


@pytest.mark.timeout(600)
def test_of_an_artifact_nothing_runs_before_or_after_approval_and_swapped_after_the_question_it_changes_nothing(
    attacked: Rehearsal, push: Any, tmp_path: Path
) -> None:
    marker = tmp_path / "ran"
    push((APP, END_OF_APP, plugin(marker)), (STORAGE_STACK, DESCRIPTION, '"Keys and buckets"'))
    assert not marker.exists(), marker.read_text()
    assert swap(attacked, INFRA, with_evil) == 1
    assert answered(attacked, INFRA, "Approved") == "Succeeded", told(attacked, INFRA)
    assert not marker.exists(), marker.read_text()
    assert "Evil" not in deployed(attacked)["Resources"]


@pytest.mark.timeout(600)
def test_a_change_set_that_is_not_the_one_that_was_approved_is_not_executed(attacked: Rehearsal, push: Any) -> None:
    push((STORAGE_STACK, DESCRIPTION, '"Other keys and buckets"'))
    cloudformation = attacked.emulator.client("cloudformation", account=PROD)
    evil = json.dumps(json.loads(with_evil("Storage.template.json", json.dumps(deployed(attacked)).encode())))
    named = {"StackName": STORAGE, "ChangeSetName": "PipelineChange"}
    cloudformation.delete_change_set(**named)
    cloudformation.create_change_set(
        **named, TemplateBody=evil, ChangeSetType="UPDATE", Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    assert answered(attacked, INFRA, "Approved") == "Failed"
    assert "what would be executed is not what somebody approved" in told(attacked, INFRA)
    assert "Evil" not in deployed(attacked)["Resources"]


@pytest.mark.timeout(600)
def test_a_push_that_removes_the_approval_asks_before_it_does(attacked: Rehearsal, push: Any) -> None:
    asks = "return self.is_protected or self.approval is True"
    question = push(("deployment_account/environments.py", asks, "return False"))
    assert "THE PIPELINE CHANGES ITSELF" in question
    assert answered(attacked, INFRA, "Rejected") == "Failed"
    document = attacked.codepipeline.get_pipeline(name=INFRA)["pipeline"]
    assert "Approve" in [action["name"] for stage in document["stages"] for action in stage["actions"]]


@pytest.mark.timeout(600)
def test_the_pipeline_changes_itself_by_the_change_set_that_was_approved(attacked: Rehearsal, push: Any) -> None:
    described = '"Reads the change sets of a release"', '"Reads the change sets of each release"'
    question = push(("deployment_account/pipeline_approval.py", *described))
    assert "THE PIPELINE CHANGES ITSELF" in question
    assert answered(attacked, INFRA, "Approved") == "Succeeded", told(attacked, INFRA)
    project = f"{INFRA}-Pipeline-Blueprint-Release-Check"
    (found,) = attacked.emulator.client("codebuild", account=PIPELINES).batch_get_projects(names=[project])["projects"]
    assert found["description"] == "Reads the change sets of each release"


@pytest.mark.timeout(900)
def test_code_that_is_swapped_after_the_question_is_not_published(attacked: Rehearsal, pusher: Developer) -> None:
    """Change sets name code by its hash, but what lies under that name comes from the artifact."""
    pusher.push("prod")
    attacked.deploy_pipelines("etl-repo", ["prod"])
    asked(attacked, ETL)
    assert swap(attacked, ETL, lambda name, content: b"evil()" if name.endswith(".py") else content)
    assert answered(attacked, ETL, "Approved") == "Failed"
    assert "what is to be published is not what was there when somebody approved" in told(attacked, ETL)
    bucket = f"cdk-odpprod-assets-{PROD}-us-east-1"
    objects = attacked.emulator.client("s3", account=PROD).list_objects_v2(Bucket=bucket).get("Contents", [])
    assert not [each["Key"] for each in objects if each["Key"].endswith((".py", ".zip"))]

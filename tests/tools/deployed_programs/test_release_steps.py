"""Each step as a build runs it: written into an empty folder, with a command line of AWS that a test scripts."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deployment_account import release_check
from deployment_account.pipeline_programs import EMPTY_FOLDER, release_step

Json = dict[str, Any]
PLACES = [
    {"stack": "own", "change_set": "PipelineChange", "role": "arn:aws:iam::1:role/look", "region": "us-east-1"},
    {"stack": "lake", "change_set": "PipelineChange", "role": "arn:aws:iam::2:role/look", "region": "us-east-1"},
]
BUCKET = {"Type": "AWS::S3::Bucket"}
UNCHANGED = "The submitted information didn't contain changes. Submit different information to create a change set."
AWS = """#!{python}
import json, sys
words, answers = sys.argv[1:], json.load(open({answers!r}))
print(*words, file=open({answers!r} + ".calls", "a"))
option = lambda name: words[words.index(name) + 1] if name in words else ""
key = " ".join(filter(None, (words[1], option("--stack-name"), option("--change-set-name"))))
if key not in answers:
    sys.exit(f"An error occurred (AccessDenied) when calling {{key}}")
json.dump(answers[key], sys.stdout)
"""


def empty(stack: str) -> Json:
    return {
        "ChangeSetId": f"arn:{stack}:1",
        "Status": "FAILED",
        "StatusReason": UNCHANGED,
        "ExecutionStatus": "UNAVAILABLE",
    }


def change(type_: str = "AWS::S3::Bucket", **more: Any) -> Json:
    found = {"Action": "Add", "LogicalResourceId": "One", "ResourceType": type_, **more}
    return {"Type": "Resource", "ResourceChange": found}


def prepared(stack: str, *changes: Json, **more: Any) -> Json:
    own = {"ChangeSetId": f"arn:{stack}:1", "Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE"}
    return {**own, "Changes": list(changes), **more}


def template(**resources: Json) -> Json:
    return {"TemplateBody": {"Resources": resources}}


@dataclass
class Build:
    """A build of one step."""

    folder: Path
    answers: Json = field(default_factory=dict)

    def answer(self, stack: str, described: Json, after: Any = None) -> None:
        credentials = {"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t"}
        self.answers["assume-role"] = {"Credentials": credentials}
        self.answers[f"describe-change-set {stack} PipelineChange"] = described
        self.answers[f"describe-stacks {stack}"] = {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Parameters": []}]}
        self.answers[f"get-template {stack}"] = template()
        self.answers[f"get-template {stack} PipelineChange"] = after or template(One={"Type": "AWS::S3::Bucket"})

    def calls(self, operation: str) -> list[list[str]]:
        """The words of every call of an operation in the steps that have run."""
        lines = (self.folder / "answers.json.calls").read_text().splitlines()
        return [line.split() for line in lines if line.split()[1] == operation]

    def run(self, step: str, **environment: str) -> tuple[int, dict[str, str]]:
        tools, artifact = self.folder / "tools", self.folder / "artifact"
        tools.mkdir(exist_ok=True)
        artifact.mkdir(exist_ok=True)
        answers = self.folder / "answers.json"
        answers.write_text(json.dumps(self.answers))
        (tools / "aws").write_text(AWS.format(python=sys.executable, answers=str(answers)))
        (tools / "aws").chmod(0o755)
        names = ["MESSAGE", "FINGERPRINT", "DIGEST"]
        spec = release_step(PLACES, names)
        script = "set -e\n" + "\n".join(spec["phases"]["build"]["commands"])
        script += "".join(f'\nprintf "%s" "${name}" > {self.folder}/{name}' for name in names)
        run = subprocess.run(
            ["bash", "-c", script],
            cwd=artifact,
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}", "STEP": step,
                 "CODEBUILD_SRC_DIR": str(artifact), **environment},
        )  # fmt: skip
        self.said = run.stdout + run.stderr
        return run.returncode, {name: (self.folder / name).read_text() for name in names} if not run.returncode else {}


@pytest.fixture
def build(tmp_path: Path) -> Build:
    made = Build(tmp_path)
    made.answer("own", empty("own"))
    made.answer("lake", prepared("lake", change()))
    return made


def test_a_release_that_loses_nothing_is_told_as_such(build: Build) -> None:
    code, told = build.run("check")
    assert code == 0, build.said
    assert (
        told["MESSAGE"] == "No data is lost, no permissions are broadened, nothing is replaced or removed. "
        "Changes: lake 1."
    )


def test_what_the_change_set_holds_is_told_not_what_an_artifact_says(build: Build) -> None:
    (build.folder / "artifact").mkdir()
    (build.folder / "artifact" / "release.json").write_text("[]")
    rules = {"Rules": [{"Status": "Enabled", "ExpirationInDays": 1}]}
    build.answers["get-template lake"] = template(One={"Type": "AWS::S3::Bucket"})
    after = {"Type": "AWS::S3::Bucket", "Properties": {"LifecycleConfiguration": rules}}
    build.answer("lake", prepared("lake", change(Action="Modify", Replacement="False")), template(One=after))
    build.answers["get-template lake"] = template(One={"Type": "AWS::S3::Bucket"})
    code, told = build.run("check")
    assert code == 0, build.said
    assert told["MESSAGE"].startswith("DATA WILL BE LOST (1).")
    assert "lake/One expires objects (ExpirationInDays 1)" in told["MESSAGE"]


UNREADABLE: dict[str, tuple[Json, Any]] = {
    "that failed": (
        prepared("lake", Status="FAILED", ExecutionStatus="UNAVAILABLE", StatusReason="No export named x"),
        None,
    ),
    "that is not made yet": (prepared("lake", Status="CREATE_IN_PROGRESS", ExecutionStatus="UNAVAILABLE"), None),
    "that is obsolete": (prepared("lake", ExecutionStatus="OBSOLETE"), None),
    "that was executed": (prepared("lake", ExecutionStatus="EXECUTE_COMPLETE"), None),
    "with a template that is no JSON": (prepared("lake", change()), {"TemplateBody": "Resources:\n  One: {}\n"}),
    "without resources": (prepared("lake", change()), {"TemplateBody": {}}),
    "with a nested stack": (
        prepared("lake", change("AWS::CloudFormation::Stack")),
        template(One={"Type": "AWS::CloudFormation::Stack"}),
    ),
    "that adds what its template does not have": (prepared("lake", change(LogicalResourceId="Evil")), None),
    "that adds another type": (prepared("lake", change("AWS::IAM::Role")), None),
    "that changes what is not deployed": (prepared("lake", change(Action="Modify", Replacement="False")), None),
    "with a change of another kind": (prepared("lake", {"Type": "Hook"}), None),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_change_set_that_cannot_be_read_or_executed_does_not_pass(build: Build, case: str) -> None:
    build.answer("lake", *UNREADABLE[case])
    assert build.run("check")[0] != 0
    assert "NOT PASSED" in build.said


@pytest.mark.parametrize("call", ["assume-role", "describe-change-set lake PipelineChange", "get-template lake"])
def test_a_call_that_fails_does_not_pass(build: Build, call: str) -> None:
    del build.answers[call]
    assert build.run("check")[0] != 0
    assert "NOT PASSED" in build.said
    assert "AccessDenied" in build.said


def test_what_was_approved_is_verified(build: Build) -> None:
    _, told = build.run("check")
    assert build.run("verify", APPROVED_FINGERPRINT=told["FINGERPRINT"])[0] == 0, build.said


@pytest.mark.parametrize("differs", ["change set", "template", "nothing was approved", "another is not empty any more"])
def test_what_differs_from_what_was_approved_does_not_pass(build: Build, differs: str) -> None:
    _, told = build.run("check")
    approved = told["FINGERPRINT"]
    match differs:
        case "change set":
            build.answer("lake", prepared("lake", change(), ChangeSetId="arn:lake:2"))
        case "template":
            build.answer(
                "lake", prepared("lake", change()), template(One={**BUCKET, "Properties": {"BucketName": "x"}})
            )
        case "nothing was approved":
            approved = ""
        case _:
            build.answer("own", prepared("own", change()))
    assert build.run("verify", APPROVED_FINGERPRINT=approved)[0] != 0
    assert "not what somebody approved" in build.said


def pinned(build: Build, **files: str) -> str:
    folder = build.folder / "artifact"
    for name, content in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    code, told = build.run("pin")
    assert code == 0, build.said
    return told["DIGEST"]


def test_each_file_and_each_name_makes_another_digest(build: Build) -> None:
    found = [
        pinned(build),
        pinned(build, a="1"),
        pinned(build, a="2"),
        pinned(build, a="2", b="1"),
        pinned(build, a="2", b="1", c__d="1"),
    ]
    assert len(set(found)) == len(found)
    assert pinned(build, a="2") == found[-1]


def test_a_link_is_no_content(build: Build) -> None:
    (build.folder / "artifact").mkdir()
    (build.folder / "artifact" / "link").symlink_to("/etc/hostname")
    assert build.run("pin")[0] != 0


MANIFEST = {"files": {"a" * 64: {"source": {"path": "../asset", "packaging": "zip"}, "destinations": {}}}}


def publish(build: Build, manifest: Json, *, approved: str | None = None) -> tuple[int, str]:
    """Publish with a publisher that only says what it was called with."""
    tools = build.folder / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "cdk-assets").write_text(f'#!/bin/sh\necho "$@" >> {build.folder}/published\n')
    (tools / "cdk-assets").chmod(0o755)
    digest = pinned(build, **{"assembly-x__y.assets.json": json.dumps(manifest)})
    code, _ = build.run("publish", APPROVED_DIGEST=digest if approved is None else approved)
    published = build.folder / "published"
    return code, published.read_text() if published.exists() else ""


def test_what_was_pinned_is_published(build: Build) -> None:
    code, published = publish(build, MANIFEST)
    assert code == 0, build.said
    assert published.endswith("y.assets.json --verbose publish\n")


@pytest.mark.parametrize("approved", ["", "0" * 64])
def test_what_was_not_pinned_is_not_published(build: Build, approved: str) -> None:
    code, published = publish(build, MANIFEST, approved=approved)
    assert (code != 0, published) == (True, "")


@pytest.mark.parametrize(
    "manifest",
    [
        {"files": {"a": {"source": {"executable": ["sh", "-c", "evil"]}, "destinations": {}}}},
        {"files": {"a": {"source": {"path": "a", "packaging": "file", "executable": ["evil"]}, "destinations": {}}}},
        {"dockerImages": {"a": {"source": {"directory": "evil"}, "destinations": {}}}},
    ],
)
def test_a_manifest_that_names_a_program_publishes_nothing(build: Build, manifest: Json) -> None:
    code, published = publish(build, manifest)
    assert (code != 0, published) == (True, "")


def test_the_program_runs_without_the_project(build: Build) -> None:
    """It is copied file by file: whatever it imports is in the standard library or in the package itself."""
    for file in Path(release_check.__file__).parent.glob("*.py"):
        imported = [line for line in file.read_text().splitlines() if line.startswith(("import ", "from "))]
        assert not [line for line in imported if "deployment_account" in line or "aws_cdk" in line], file


def test_every_build_begins_where_nothing_is(build: Build) -> None:
    spec = release_step(PLACES, ["MESSAGE"])
    assert spec["phases"]["build"]["commands"][0] == EMPTY_FOLDER
    (build.folder / "artifact").mkdir()
    (build.folder / "artifact" / "release_check.py").write_text("raise SystemExit(9)")
    (build.folder / "artifact" / "json.py").write_text("raise SystemExit(9)")
    assert build.run("check")[0] == 0, build.said


def test_a_role_is_assumed_once_for_all_its_stacks(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of the real command line takes a second, and a release has many stacks."""
    others = [{**PLACES[1], "stack": "third"}, {**PLACES[1], "stack": "fourth", "region": "eu-west-1"}]
    monkeypatch.setattr(f"{__name__}.PLACES", [*PLACES, *others])
    for stack in ("third", "fourth"):
        build.answer(stack, prepared(stack, change()))
    code, _ = build.run("check")
    assert code == 0, build.said
    roles = [words[words.index("--role-arn") + 1] for words in build.calls("assume-role")]
    assert roles == ["arn:aws:iam::1:role/look", *["arn:aws:iam::2:role/look"] * 2], "the last is in another Region"
    assert len(build.calls("describe-change-set")) == len(PLACES)

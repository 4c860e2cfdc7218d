"""What the pipeline of every environment and app promises, from the push to the deployment."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from pathlib import Path

import pytest

from tests.configuration import PROJECT
from tests.synth.configurations import known, synthesised
from tests.synth.conftest import Synthesis
from tests.synth.pipeline_templates import actions, build_spec, commands, definition, stages
from tests.synth.synthesis import ACCOUNTS, APPS, ENVIRONMENTS, Template

UNPROTECTED = tuple(environment for environment in ENVIRONMENTS if environment != "prod")
"""What changes itself unasked; the others' change is one of those that test_pipeline_approval.py is about."""
BRANCHES = {"dev": "main", "test": "test", "prod": "prod"}
STACKS = {"infra": ["Storage", "Secrets", "Network"], "etl": ["Tables", "Odp", "Taxi"]}
CONNECTION = "arn:aws:codeconnections:us-east-1:111111111111:connection/00000000-0000-0000-0000-000000000000"
NPM = re.compile(r"\bnp[mx] ")
FETCH = re.compile(
    r'\(cd "\$HOME" && npm pack --silent ([a-z-]+)@([\d.]+)'
    r' && echo "([0-9a-f]{128})  \1-\2\.tgz" \| sha512sum --check --strict -\)'
)


@pytest.fixture(params=APPS)
def app(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pipeline(synthesis: Synthesis, app: str, environment: str) -> Template:
    return synthesis.templates[f"odp-{environment}-{app}-Pipeline"]


def test_it_is_of_the_second_type_and_queues_what_is_pushed_meanwhile(
    pipeline: Template, app: str, environment: str
) -> None:
    found = definition(pipeline)
    assert (found["PipelineType"], found["ExecutionMode"]) == ("V2", "QUEUED")
    assert found["Name"] == f"odp-{environment}-{app}"


def test_it_lives_in_the_deployment_account(synthesis: Synthesis, app: str, environment: str) -> None:
    folder = synthesis.templates[f"odp-{environment}-{app}-Pipeline"].folder
    artifacts = json.loads((folder / "manifest.json").read_text())["artifacts"]
    assert artifacts[f"odp-{environment}-{app}-Pipeline"]["environment"] == "aws://111111111111/us-east-1"


def test_the_steps_come_in_the_order_that_lets_no_broken_commit_through(
    pipeline: Template, app: str, environment: str
) -> None:
    between = [] if environment == "prod" else ["UpdatePipeline", *(["Assets"] if app == "etl" else [])]
    assert stages(pipeline) == ["Source", "Build", *between, f"odp-{environment}-{app}"]


def test_it_takes_the_branch_of_its_environment_through_the_connection(pipeline: Template, environment: str) -> None:
    (source,) = actions(pipeline, "Source")
    assert source["ActionTypeId"]["Provider"] == "CodeStarSourceConnection"
    assert source["Configuration"] == {
        "ConnectionArn": CONNECTION,
        "FullRepositoryId": "example/data-lake",
        "BranchName": BRANCHES[environment],
        "DetectChanges": False,
    }


def test_it_starts_on_pushes_that_change_what_the_app_is_made_of(
    pipeline: Template, app: str, environment: str
) -> None:
    (trigger,) = definition(pipeline)["Triggers"]
    assert trigger["GitConfiguration"]["SourceActionName"] == "Source"
    (push,) = trigger["GitConfiguration"]["Push"]
    assert push["Branches"] == {"Includes": [BRANCHES[environment]]}
    paths = push["FilePaths"]["Includes"]
    assert paths[0] == f"{app}-repo/**"
    assert {"config/**", "deployment_account/**", "requirements*.txt"} <= set(paths)
    other = {"infra": "etl", "etl": "infra"}[app]
    assert not {"docs/**", "rehearsal/**", f"{other}-repo/**"} & set(paths)
    assert len(paths) <= 8, "CodePipeline takes no more"


def test_the_paths_that_start_it_exist(pipeline: Template) -> None:
    (push,) = definition(pipeline)["Triggers"][0]["GitConfiguration"]["Push"]
    paths = [path.removesuffix("/**") for path in push["FilePaths"]["Includes"]]
    each = [name for path in paths for name in (path.strip("{}").split(",") if path.startswith("{") else [path])]
    assert [path for path in each if not list(PROJECT.glob(path))] == []


def test_synthesis_installs_only_its_own_lock_and_synthesises_this_pipeline_alone(
    pipeline: Template, app: str, environment: str
) -> None:
    context = json.dumps({"pipeline": environment})
    assert commands(pipeline, "BlueprintPipelineBuildSynth") == [
        "make install-synth",
        f"(cd {app}-repo && CDK_CONTEXT_JSON='{context}' ../.venv-synth/bin/python app.py)",
    ]
    assert build_spec(pipeline, "BlueprintPipelineBuildSynth")["artifacts"]["base-directory"] == f"{app}-repo/cdk.out"


def test_tests_run_beside_synthesis_on_the_same_commit_and_hand_nothing_on(pipeline: Template) -> None:
    """An action that fails ends its stage, so that nothing later begins."""
    named = {action["Name"]: action for action in actions(pipeline, "Build")}
    synth, test = named["Synth"], named["Test"]
    assert test["InputArtifacts"] == synth["InputArtifacts"]
    assert "OutputArtifacts" not in test
    (project,) = [id_ for id_ in pipeline.resources("AWS::CodeBuild::Project") if id_.startswith("BlueprintTest")]
    assert test["Configuration"] == {"ProjectName": {"Ref": project}}
    assert commands(pipeline, project) == ["make install", "make check", "make test-synth"]
    assert "artifacts" not in build_spec(pipeline, project)


def test_no_build_but_the_one_for_tests_installs_what_tests_need(pipeline: Template) -> None:
    installing = {
        project
        for project in pipeline.resources("AWS::CodeBuild::Project")
        for command in commands(pipeline, project)
        if re.search(r"requirements\.txt|make (?!install-synth)", command)
    }
    assert [project[:13] for project in installing] == ["BlueprintTest"]


def test_the_targets_that_builds_make_exist(pipeline: Template) -> None:
    run = [line for project in pipeline.resources("AWS::CodeBuild::Project") for line in commands(pipeline, project)]
    targets = re.findall(r"^make ([a-z-]+)$", "\n".join(run), re.MULTILINE)
    makefile = (PROJECT / "Makefile").read_text()
    assert set(targets) == {"install", "install-synth", "check", "test-synth"}
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []


def test_every_build_runs_a_supported_node_and_synthesis_the_python_of_glue(pipeline: Template) -> None:
    for project in pipeline.resources("AWS::CodeBuild::Project"):
        runtimes = build_spec(pipeline, project)["phases"]["install"]["runtime-versions"]
        assert runtimes.get("nodejs", "none") == ("none" if "Release" in project else "22"), "a release needs no node"
        assert runtimes.get("python", "3.11") == "3.11"
    synth = build_spec(pipeline, "BlueprintPipelineBuildSynth")["phases"]["install"]["runtime-versions"]
    assert synth["python"] == "3.11"


def test_npm_installs_nothing_whose_content_is_not_compared_with_the_lock(pipeline: Template) -> None:
    """Under a version a registry may serve anything; these builds have the strongest roles of a pipeline."""
    for project in pipeline.resources("AWS::CodeBuild::Project"):
        found = [line for line in commands(pipeline, project) if NPM.search(line)]
        for fetch, install in zip(found[::2], found[1::2], strict=True):
            name, version, digest = FETCH.fullmatch(fetch).groups()  # type: ignore[union-attr]
            assert install == f'npm install -g {name}@file:"$HOME"/{name}-{version}.tgz'
            assert digest == locked(name)["sha512"]
            assert version == locked(name)["version"]


def locked(name: str) -> dict[str, str]:
    """What package-lock.json says of a package."""
    entry = json.loads((PROJECT / "package-lock.json").read_text())["packages"][f"node_modules/{name}"]
    sha512 = b64decode(entry["integrity"].removeprefix("sha512-")).hex()
    return {"version": entry["version"], "sha512": sha512}


@pytest.mark.parametrize("environment", UNPROTECTED)
def test_the_command_line_is_the_one_that_people_and_scripts_use(pipeline: Template) -> None:
    pinned = json.loads((PROJECT / "package.json").read_text())["devDependencies"]["aws-cdk"]
    assert f" aws-cdk@{pinned} " in commands(pipeline, "BlueprintUpdatePipelineSelfMutation")[0]


@pytest.mark.parametrize("environment", UNPROTECTED)
def test_self_mutation_deploys_its_own_stack_and_no_other(pipeline: Template, app: str, environment: str) -> None:
    (deploy,) = [line for line in commands(pipeline, "BlueprintUpdatePipelineSelfMutation") if "deploy" in line]
    assert deploy == f"cdk -a . deploy odp-{environment}-{app}-Pipeline --require-approval=never --verbose"


@pytest.mark.parametrize("environment", UNPROTECTED)
def test_assets_are_published_by_one_build_that_other_code_does_not_change(
    synthesis: Synthesis, environment: str
) -> None:
    """With a build for each asset, each change of code would change the pipeline and restart it."""
    pipeline = synthesis.templates[f"odp-{environment}-etl-Pipeline"]
    (publish,) = actions(pipeline, "Assets")
    assert publish["InputArtifacts"] == [{"Name": "Synth_Output"}]
    _, install, *published = commands(pipeline, "BlueprintAssets")
    assert install.startswith("npm install -g cdk-assets@file:")
    assert published
    assert all(f"{ACCOUNTS[environment]}-us-east-1" in command for command in published)
    assert not re.search(
        r"\b[0-9a-f]{64}\b", pipeline.only("AWS::CodeBuild::Project", "BlueprintAssets")["Source"]["BuildSpec"]
    )


def test_it_deploys_the_stacks_of_its_environment_with_the_roles_of_the_target_account(
    pipeline: Template, app: str, environment: str
) -> None:
    deployments = [
        action
        for action in actions(pipeline, f"odp-{environment}-{app}")
        if action["ActionTypeId"]["Category"] == "Deploy"
        and action["Configuration"]["StackName"] != f"odp-{environment}-{app}-Pipeline"
    ]
    backups = ["Backup"] if (app, environment) == ("infra", "prod") else []
    assert {action["Configuration"]["StackName"] for action in deployments} == {
        f"odp-{environment}-{app}-{stack}" for stack in [*STACKS[app], *backups]
    }
    account = ACCOUNTS[environment]
    for action in deployments:
        assert f":iam::{account}:role/cdk-odp{environment}-deploy-role-{account}-us-east-1" in json.dumps(
            action["RoleArn"]
        )


def test_artifacts_rest_under_a_key_that_rotates_and_are_forgotten(pipeline: Template) -> None:
    key_id = next(iter(pipeline.resources("AWS::KMS::Key")))
    assert pipeline.only("AWS::KMS::Key")["EnableKeyRotation"] is True
    bucket = pipeline.only("AWS::S3::Bucket")
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == {"Fn::GetAtt": [key_id, "Arn"]}
    assert [rule["ExpirationInDays"] for rule in bucket["LifecycleConfiguration"]["Rules"]] == [30]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert definition(pipeline)["ArtifactStore"]["EncryptionKey"]["Id"] == {"Fn::GetAtt": [key_id, "Arn"]}


def test_artifacts_are_read_by_the_deploy_role_of_the_target_account_only(pipeline: Template, environment: str) -> None:
    statements = pipeline.only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    (deny,) = [statement for statement in statements if statement["Effect"] == "Deny" and "Sid" not in statement]
    assert (deny["Action"], deny["Condition"]) == ("s3:*", {"Bool": {"aws:SecureTransport": "false"}})
    (allow,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert f"cdk-odp{environment}-deploy-role-{ACCOUNTS[environment]}" in json.dumps(allow["Principal"])


def assert_keeps_versions(pipeline: Template, environment: str) -> None:
    """CDK lets the synthesis overwrite the bucket's objects, and delete versions of them, too."""
    bucket = pipeline.only("AWS::S3::Bucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    noncurrent = [rule.get("NoncurrentVersionExpiration") for rule in bucket["LifecycleConfiguration"]["Rules"]]
    assert noncurrent == [{"NoncurrentDays": 30}]
    statements = pipeline.only("AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    (kept,) = [statement for statement in statements if statement.get("Sid") == "KeepVersions"]
    assert (kept["Effect"], kept["Action"], kept["Principal"]) == ("Deny", "s3:DeleteObjectVersion", {"AWS": "*"})
    roles = f"arn:aws:iam::111111111111:role/odp-{environment}-*"
    assert kept["Condition"] == {"ArnLike": {"aws:PrincipalArn": roles}}


def test_an_artifact_that_is_overwritten_stays_and_no_role_of_a_pipeline_deletes_it(
    pipeline: Template, environment: str
) -> None:
    """Security review, H1 (c): what a later synthesis put in place of an artifact left no trace of the first one."""
    assert_keeps_versions(pipeline, environment)


def test_an_artifact_in_another_region_stays_too(tmp_path: Path) -> None:
    document = known()
    zones = ["eu-west-1a", "eu-west-1b"]
    abroad = {"region": "eu-west-1", "availability_zones": zones}
    document["environments"] = {"dev": document["environments"]["dev"] | abroad}
    found = synthesised(document, tmp_path)
    (support,) = [each for name, each in found.items() if "-support-" in name]
    assert_keeps_versions(support, "dev")


def test_logs_of_all_builds_are_encrypted_and_kept_for_the_configured_days(pipeline: Template) -> None:
    (log_id,) = pipeline.resources("AWS::Logs::LogGroup")
    log = pipeline.only("AWS::Logs::LogGroup")
    assert log["RetentionInDays"] == 90
    assert log["KmsKeyId"]["Fn::GetAtt"][0].startswith("ArtifactsKey")
    for project in pipeline.resources("AWS::CodeBuild::Project").values():
        assert project["LogsConfig"]["CloudWatchLogs"]["GroupName"] == {"Ref": log_id}


def test_the_pipeline_of_protected_data_cannot_be_deleted_by_mistake(pipeline: Template, is_prod: bool) -> None:
    assert pipeline.properties.get("terminationProtection", False) is is_prod


def test_nothing_needs_a_lambda_or_a_custom_resource(pipeline: Template) -> None:
    assert not [type_ for type_ in pipeline.types() if "Lambda" in type_ or type_.startswith("Custom::")]


def test_source_of_pipelines_is_free_of_machine_paths(synthesis: Synthesis) -> None:
    for name, template in synthesis.templates.items():
        assert str(PROJECT) not in json.dumps(template.body), name
        assert str(Path.home()) + "/" not in json.dumps(template.body), name


def test_no_stack_waits_for_what_another_one_exports(synthesis: Synthesis) -> None:
    """Their change sets are prepared together, before any of them is executed: one approval is for all of them."""
    for name, template in synthesis.templates.items():
        assert "Fn::ImportValue" not in json.dumps(template.body), name
        assert not [output for output in template.body.get("Outputs", {}).values() if "Export" in output], name

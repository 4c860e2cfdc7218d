"""Each role of a pipeline carries its environment's boundary, which leaves what the pipeline needs and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from deployment_account.environments import Platform, load_platform
from scripts.bootstrap.execution_policy.policies import boundary_of
from tests.configuration import KNOWN
from tests.synth.configurations import Json, known, platform_of, synthesised
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import ACCOUNTS, APPS, Template
from tests.synth.test_permissions import as_list, statements
from tests.tools.scripts.bootstrap.iam_evaluation import Statement, allows, matches

HERE = "us-east-1:111111111111"
GENERATED = {
    "AWS::CodeBuild::Project": "{name}",
    "AWS::CodePipeline::Pipeline": "{name}",
    "AWS::KMS::Key": f"arn:aws:kms:{HERE}:key/11111111-2222-3333-4444-555555555555",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{HERE}:log-group:{{stack}}-{{id}}-1A2B3C4D5E6F:*",
    "AWS::S3::Bucket": "arn:aws:s3:::{bucket}-1a2b3c4d5e6f",
}
"""What CloudFormation answers to the references in the policies: a name, or an ARN."""


class Granted(NamedTuple):
    """A right of one kind of role."""

    role: str
    action: str
    resource: str


CUT = {
    ("SelfMutationRole", "sts:AssumeRole", "arn:*:iam::111111111111:role/*"),
    ("SelfMutationRole", "s3:ListBucket", "*"),
    # CDK makes the role of asset builds before their project, whose log and reports it therefore cannot name
    ("AssetsFileRole", "logs:CreateLogGroup", f"arn:aws:logs:{HERE}:log-group:/aws/codebuild/*"),
    ("AssetsFileRole", "logs:CreateLogStream", f"arn:aws:logs:{HERE}:log-group:/aws/codebuild/*"),
    ("AssetsFileRole", "logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/codebuild/*"),
    ("AssetsFileRole", "codebuild:CreateReportGroup", f"arn:aws:codebuild:{HERE}:report-group/*"),
    ("AssetsFileRole", "codebuild:CreateReport", f"arn:aws:codebuild:{HERE}:report-group/*"),
    ("AssetsFileRole", "codebuild:UpdateReport", f"arn:aws:codebuild:{HERE}:report-group/*"),
    ("AssetsFileRole", "codebuild:BatchPutTestCases", f"arn:aws:codebuild:{HERE}:report-group/*"),
    ("AssetsFileRole", "codebuild:BatchPutCodeCoverages", f"arn:aws:codebuild:{HERE}:report-group/*"),
}
KEYS_OF_ANOTHER_REGION = {
    ("PipelineRole", f"kms:{action}", "*")
    for action in ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*", "ReEncrypt*")
}


def pipelines(templates: dict[str, Template]) -> list[Template]:
    return [template for name, template in templates.items() if name.endswith("-Pipeline")]


def granted(template: Template) -> Iterator[Granted]:
    """Every right that the template's policies give, resource by resource."""
    for role, statement in statements(template):
        assert statement["Effect"] == "Allow"
        for action in as_list(statement["Action"]):
            for resource in as_list(statement["Resource"]):
                yield Granted(role, action, answered(template, resource))


def answered(template: Template, resource: Any) -> str:
    """A resource as CloudFormation answers it."""
    match resource:
        case str():
            return resource
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(answered(template, part) for part in parts)
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": id_} | {"Fn::GetAtt": [id_, "Arn"]}:
            found = template.body["Resources"][id_]
            name = found["Properties"].get("Name", "")
            text = GENERATED[found["Type"]]
            if "Fn::GetAtt" in resource and text == "{name}":
                text = f"arn:aws:codebuild:{HERE}:project/{{name}}"
            bucket = f"{template.stack}-{id_}".lower()[:50]
            return text.format(name=name, stack=template.stack, id=id_, bucket=bucket)
        case {"Fn::Sub": str(text)}:
            return text.replace("${AWS::Partition}", "aws")
        case _:
            raise AssertionError(f"nobody knows what {resource} will be")


def boundary(platform: Platform, environment: str) -> list[Statement]:
    return list(boundary_of(platform, platform.environments[environment]).document["Statement"])


def leaves(bounds: list[Statement], right: Granted) -> bool:
    """Whether a boundary leaves a right whole: whatever the right's patterns are about, the boundary's are about."""
    return any(
        any(matches(pattern, right.action) for pattern in as_list(one["Action"]))
        and any(matches(pattern, right.resource) for pattern in as_list(one["Resource"]))
        for one in bounds
    )


def cut(template: Template, bounds: list[Statement]) -> set[tuple[str, str, str]]:
    """The rights that a boundary removes or narrows, by kind of pipeline role."""
    lost = [right for right in granted(template) if not leaves(bounds, right)]
    kinds = {role for role, *_ in CUT | KEYS_OF_ANOTHER_REGION}
    return {(next((k for k in kinds if role.endswith(k)), role), action, resource) for role, action, resource in lost}


def test_every_role_of_every_pipeline_carries_the_boundary_of_its_environment(synthesis: Synthesis) -> None:
    for environment in ACCOUNTS:
        for app in APPS:
            roles = synthesis.templates[f"odp-{environment}-{app}-Pipeline"].resources("AWS::IAM::Role")
            assert len(roles) >= 3
            assert {role["PermissionsBoundary"] for role in roles.values()} == {
                f"arn:aws:iam::111111111111:policy/odp-{environment}-pipeline-boundary"
            }
            assert not [role for role in roles.values() if "ManagedPolicyArns" in role or "RoleName" in role]


@pytest.mark.parametrize("app", APPS)
def test_the_boundary_leaves_all_that_a_pipeline_does_and_cuts_what_reaches_others(
    synthesis: Synthesis, app: str, environment: str
) -> None:
    template = synthesis.templates[f"odp-{environment}-{app}-Pipeline"]
    bounds = boundary(load_platform(KNOWN), environment)
    assert len(list(granted(template))) > 40
    there = {
        role
        for role, is_there in (("AssetsFileRole", app == "etl"), ("SelfMutationRole", environment != "prod"))
        if is_there
    }
    expected = {one for one in CUT if one[0] in there}
    assert cut(template, bounds) == expected


def codecommit() -> Json:
    document = known()
    document["deployment"]["repository"] = {"provider": "codecommit", "name": "data-lake"}
    return document


def in_another_region() -> Json:
    document = known()
    document["environments"]["dev"] |= {"region": "eu-west-1", "availability_zones": ["eu-west-1a", "eu-west-1b"]}
    return document


@pytest.mark.parametrize("app", APPS)
def test_it_leaves_what_a_pipeline_of_codecommit_does(app: str, tmp_path: Path) -> None:
    (template,) = pipelines(synthesised(codecommit(), tmp_path, app, pipeline="dev"))
    bounds = boundary(platform_of(codecommit(), tmp_path), "dev")
    assert any(right.action == "codecommit:UploadArchive" for right in granted(template))
    assert any(right.action == "codepipeline:StartPipelineExecution" for right in granted(template))
    assert cut(template, bounds) <= CUT


def test_of_every_key_that_the_pipeline_role_names_for_another_region_it_leaves_those_of_its_account(
    tmp_path: Path,
) -> None:
    (template,) = pipelines(synthesised(in_another_region(), tmp_path, pipeline="dev"))
    bounds = boundary(platform_of(in_another_region(), tmp_path), "dev")
    assert cut(template, bounds) - CUT == KEYS_OF_ANOTHER_REGION
    assert allows(bounds, "kms:GenerateDataKeyWithoutPlaintext", "arn:aws:kms:eu-west-1:111111111111:key/0")
    assert not allows(bounds, "kms:Decrypt", "arn:aws:kms:eu-west-1:222222222222:key/0")


def test_what_is_left_of_a_right_that_is_cut_is_what_the_build_needs(synthesis: Synthesis) -> None:
    bounds = boundary(load_platform(KNOWN), "dev")
    project = synthesis.templates["odp-dev-etl-Pipeline"].only("AWS::CodeBuild::Project", "BlueprintAssets")["Name"]
    for which in ("deploy", "file-publishing", "image-publishing"):
        role = f"arn:aws:iam::111111111111:role/cdk-odpdev-{which}-role-111111111111-us-east-1"
        assert allows(bounds, "sts:AssumeRole", role)
    assert allows(bounds, "logs:PutLogEvents", f"arn:aws:logs:{HERE}:log-group:/aws/codebuild/{project}:*")
    assert allows(bounds, "codebuild:CreateReport", f"arn:aws:codebuild:{HERE}:report-group/{project}-unit")


@pytest.mark.parametrize("app", APPS)
def test_every_project_is_named_after_its_environment_and_none_like_another(synthesis: Synthesis, app: str) -> None:
    """https://docs.aws.amazon.com/codebuild/latest/APIReference/API_CreateProject.html: 2 to 150 such characters."""
    names: list[str] = []
    for environment in ACCOUNTS:
        template = synthesis.templates[f"odp-{environment}-{app}-Pipeline"]
        found = [project["Name"] for project in template.resources("AWS::CodeBuild::Project").values()]
        assert all(name.startswith(f"odp-{environment}-{app}-") for name in found)
        names += found
    assert len(set(names)) == len(names)
    assert all(len(name) <= 150 and name.replace("-", "").replace("_", "").isalnum() for name in names)


def test_no_build_starts_another(synthesis: Synthesis) -> None:
    """Whoever starts a build may bring a buildspec: docs.aws.amazon.com/codebuild, StartBuild, buildspecOverride."""
    for template in pipelines(dict(synthesis.templates)):
        starting = {right for right in granted(template) if matches(right.action, "codebuild:StartBuild")}
        assert {right.role[-12:] for right in starting} == {"PipelineRole"}
        assert not [right for right in starting if "*" in right.resource]


def key_statements(template: Template) -> list[Statement]:
    """The key's denials, and that the account may use it by its policies."""
    return [
        {**one, "Action": one["Action"], "Resource": "*"}
        for one in template.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
        if one["Effect"] == "Deny" or one["Action"] == "kms:*"
    ]


@pytest.mark.parametrize(
    "action", ["kms:Decrypt", "kms:GenerateDataKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]
)
def test_the_key_of_a_pipeline_refuses_the_roles_of_other_environments(
    synthesis: Synthesis, environment: str, action: str
) -> None:
    """A key has no name by which the policies of others could leave it out."""
    statements_ = key_statements(synthesis.templates[f"odp-{environment}-infra-Pipeline"])

    def may(role: str) -> bool:
        return allows(statements_, action, "*", {"aws:PrincipalArn": f"arn:aws:iam::111111111111:role/{role}"})

    for other in ACCOUNTS:
        roles = (
            f"cdk-odp{other}-cfn-exec-role-111111111111-us-east-1",
            f"cdk-odp{other}-lookup-role-111111111111-us-east-1",
            f"odp-{other}-infra-Pipeline-BlueprintPipelineRole-1A2B",
        )
        assert {may(role) for role in roles} == {other == environment}
    assert not may("cdk-hnb659fds-cfn-exec-role-111111111111-us-east-1")
    assert may("Administrator"), "people are kept in order by their own policies"


def test_the_key_in_another_region_refuses_them_too(tmp_path: Path) -> None:
    found = synthesised(in_another_region(), tmp_path, pipeline="dev")
    (support,) = [template for name, template in found.items() if "support" in name]
    sids = [one.get("Sid") for one in support.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]]
    assert "OnlyThisEnvironment" in sids
    assert "odp-dev-*" in json.dumps(support.body)

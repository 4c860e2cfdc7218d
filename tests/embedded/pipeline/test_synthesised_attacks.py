"""Whoever may push to dev's branch writes what dev's builds run and deploy: each way from there to prod is refused.

The accounts are bootstrapped by the project's own scripts, and the pipelines are deployed as synthesised. The attacker
has the credentials of dev's builds and of whatever these let in. Why something is refused is told from the documents
that IAM holds, by this module's own reading of them: the boundary of the caller, or the trust of the role to be taken.
"""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from rich.console import Console

from rehearsal.pipeline.rehearsal import Rehearsal
from rehearsal.pipeline.report import PipelineWatch
from tests.embedded.pipeline.developer import Developer

REGION = "us-east-1"
PIPELINES, DEV, PROD = "111111111111", "222222222222", "444444444444"
BOUNDARY = f"arn:aws:iam::{PIPELINES}:policy/odp-dev-pipeline-boundary"
EXECUTION = f"arn:aws:iam::{PIPELINES}:role/cdk-odpdev-cfn-exec-role-{PIPELINES}-{REGION}"
Document = dict[str, Any]


@dataclass(frozen=True)
class Attacker:
    """Somebody with the credentials of one role."""

    rehearsal: Rehearsal
    role: str
    credentials: Mapping[str, str]

    def client(self, service: str) -> Any:
        config = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"})
        endpoint = self.rehearsal.emulator.endpoint
        return boto3.client(  # type: ignore[call-overload]
            service, endpoint_url=endpoint, region_name=REGION, config=config, **self.credentials
        )

    def takes(self, role: str) -> "Attacker":
        found = self.client("sts").assume_role(RoleArn=role, RoleSessionName="attack")["Credentials"]
        credentials = {"aws_access_key_id": found["AccessKeyId"], "aws_secret_access_key": found["SecretAccessKey"]}
        return Attacker(self.rehearsal, role, credentials | {"aws_session_token": found["SessionToken"]})


def bootstrap_role(which: str, environment: str, account: str) -> str:
    return f"arn:aws:iam::{account}:role/cdk-odp{environment}-{which}-role-{account}-{REGION}"


PRODS_ROLES = [
    bootstrap_role(which, "prod", account)
    for which in ("deploy", "file-publishing", "image-publishing", "lookup")
    for account in (PIPELINES, PROD)
]


@pytest.fixture(scope="module")
def deployed(rehearsal: Rehearsal) -> Rehearsal:
    """The pipelines of dev and prod."""
    rehearsal.deploy_pipelines("infra-repo", ["dev", "prod"])
    rehearsal.deploy_pipelines("etl-repo", ["dev"])
    return rehearsal


def root(rehearsal: Rehearsal, service: str, account: str = PIPELINES) -> Any:
    return rehearsal.emulator.client(service, account=account)


def physical(rehearsal: Rehearsal, stack: str, type_: str, logical: str = "") -> list[str]:
    """The physical ids of the resources of a type in a stack of the pipelines' account, by their logical ids."""
    found = root(rehearsal, "cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    of_type = [each for each in found if each["ResourceType"] == type_ and logical in each["LogicalResourceId"]]
    return [each["PhysicalResourceId"] for each in of_type]


def enters(rehearsal: Rehearsal, stack: str, role: str) -> Attacker:
    """The build's own credentials: the account is let in beside CodeBuild, which changes nothing of what a role may."""
    (name,) = physical(rehearsal, stack, "AWS::IAM::Role", role)
    iam, arn = root(rehearsal, "iam"), f"arn:aws:iam::{PIPELINES}:role/{name}"
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    document = json.dumps({**trust, "Statement": [*trust["Statement"], *letting_in(PIPELINES)["Statement"]]})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    owner = {"aws_access_key_id": PIPELINES, "aws_secret_access_key": secret_of_root(rehearsal)}
    return Attacker(rehearsal, "root", owner).takes(arn)


def secret_of_root(rehearsal: Rehearsal) -> str:
    return rehearsal.emulator.shell_environment(PIPELINES)["AWS_SECRET_ACCESS_KEY"]


@pytest.fixture(scope="module")
def self_mutation(deployed: Rehearsal) -> Attacker:
    return enters(deployed, "odp-dev-infra-Pipeline", "SelfMutation")


@pytest.fixture(scope="module")
def assets(deployed: Rehearsal) -> Attacker:
    return enters(deployed, "odp-dev-etl-Pipeline", "FileRole")


@pytest.fixture(scope="module")
def tests(deployed: Rehearsal) -> Attacker:
    """Whatever a package of the tests does in the build that runs them."""
    return enters(deployed, "odp-dev-infra-Pipeline", "BlueprintTestRole")


@pytest.fixture(scope="module")
def deployer(self_mutation: Attacker) -> Attacker:
    """Dev's own deploy role, which dev's self-mutation is there to take."""
    return self_mutation.takes(bootstrap_role("deploy", "dev", PIPELINES))


def refusing(rehearsal: Rehearsal, caller: str, role: str) -> set[str]:
    """Which policies refuse that a role takes another one."""
    name = caller.rsplit("/", 1)[-1]
    iam = root(rehearsal, "iam", caller.split(":")[4])
    boundary = iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    refusals = set()
    if boundary and not any(fnmatchcase(role, each) for each in assumable(rehearsal, boundary)):
        refusals.add(boundary.rsplit("/", 1)[-1])
    if not any(fnmatchcase(caller, each) for each in trusted(rehearsal, role)):
        refusals.add("trust")
    return refusals


def assumable(rehearsal: Rehearsal, policy: str) -> Iterable[str]:
    iam = root(rehearsal, "iam")
    version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]["Document"]
    for statement in document["Statement"]:
        if any(fnmatchcase("sts:AssumeRole", action) for action in listed(statement["Action"])):
            yield from listed(statement["Resource"])


def trusted(rehearsal: Rehearsal, role: str) -> Iterable[str]:
    """The patterns of the ARNs that a role lets in."""
    account, name = role.split(":")[4], role.rsplit("/", 1)[-1]
    trust = root(rehearsal, "iam", account).get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    for statement in trust["Statement"]:
        if "sts:AssumeRole" not in listed(statement["Action"]) or "AWS" not in statement["Principal"]:
            continue
        patterns = statement.get("Condition", {}).get("ArnLike", {}).get("aws:PrincipalArn")
        accounts = [
            str(each).removeprefix("arn:aws:iam::").removesuffix(":root")
            for each in listed(statement["Principal"]["AWS"])
        ]
        yield from listed(patterns) if patterns else [f"arn:aws:iam::{each}:*" for each in accounts]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def refused(call: Any, **arguments: Any) -> str:
    """What AWS says to a call that must be refused."""
    with pytest.raises(ClientError) as refusal:
        call(**arguments)
    assert refusal.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), refusal.value
    return str(refusal.value)


@pytest.mark.parametrize("role", PRODS_ROLES)
@pytest.mark.parametrize("entrance", ["self_mutation", "assets", "deployer"])
def test_no_build_of_dev_takes_a_role_of_prod(role: str, entrance: str, request: pytest.FixtureRequest) -> None:
    attacker: Attacker = request.getfixturevalue(entrance)
    refused(attacker.client("sts").assume_role, RoleArn=role, RoleSessionName="attack")
    by = refusing(attacker.rehearsal, attacker.role, role)
    assert "trust" in by
    assert entrance == "deployer" or "odp-dev-pipeline-boundary" in by, "two walls, of which each would do"


@pytest.mark.parametrize("stack", ["odp-prod-infra-Pipeline", "CDKToolkit-odp-prod", "CDKToolkit-odp-dev", "evil"])
def test_the_deploy_role_of_dev_changes_no_stack_but_those_of_dev(deployer: Attacker, stack: str) -> None:
    """Also without naming a role: CloudFormation would act with the one that a stack has already."""
    cloudformation, template = deployer.client("cloudformation"), json.dumps(template_of(TOPIC))
    change = {"StackName": stack, "TemplateBody": template}
    for role in ({}, {"RoleARN": EXECUTION}):
        refused(cloudformation.create_stack, **change, **role)
        refused(cloudformation.update_stack, **change, **role)
        refused(cloudformation.create_change_set, **change, **role, ChangeSetName="evil")
    refused(cloudformation.delete_stack, StackName=stack)


@pytest.mark.parametrize(
    "role", [bootstrap_role("cfn-exec", "prod", PIPELINES), f"arn:aws:iam::{PIPELINES}:role/admin"]
)
def test_the_deploy_role_of_dev_hands_on_no_role_but_its_own_execution_role(deployer: Attacker, role: str) -> None:
    said = refused(
        deployer.client("cloudformation").create_stack,
        StackName="odp-dev-evil", TemplateBody=json.dumps(template_of(TOPIC)), RoleARN=role,
    )  # fmt: skip
    assert "iam:PassRole" in said


TOPIC = {"Type": "AWS::SNS::Topic"}
ALL = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def letting_in(account: str) -> Document:
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    return {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]}


def role_with(**properties: Any) -> Document:
    own = {
        "AssumeRolePolicyDocument": letting_in(PIPELINES),
        "Policies": [{"PolicyName": "all", "PolicyDocument": ALL}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": {**own, **properties}}


def template_of(*resources: Document) -> Document:
    return {"Resources": {f"Evil{number}": each for number, each in enumerate(resources)}}


def build_of(name: str, role: str) -> Document:
    environment = {
        "Type": "LINUX_CONTAINER",
        "ComputeType": "BUILD_GENERAL1_SMALL",
        "Image": "aws/codebuild/standard:7.0",
    }
    source, artifacts = {"Type": "NO_SOURCE", "BuildSpec": "{}"}, {"Type": "NO_ARTIFACTS"}
    properties = {"Source": source, "Artifacts": artifacts, "Environment": environment}
    return {"Type": "AWS::CodeBuild::Project", "Properties": {**properties, "Name": name, "ServiceRole": role}}


def of_type(type_: str, **properties: Any) -> Document:
    return {"Type": type_, "Properties": properties}


BOUND, ADMINISTRATOR = {"PermissionsBoundary": BOUNDARY}, "arn:aws:iam::aws:policy/AdministratorAccess"
FUNCTION = {"Code": {"ZipFile": "x"}, "Handler": "index.handler", "Runtime": "python3.11"}
DEPLOY_OF_PROD = bootstrap_role("deploy", "prod", PIPELINES).split("/")[1]
ATTEMPTS = {
    "a role without a boundary": (role_with(), "iam:CreateRole"),
    "a role with another boundary": (role_with(PermissionsBoundary=ADMINISTRATOR), "iam:CreateRole"),
    "a role with prod's boundary": (
        role_with(PermissionsBoundary=BOUNDARY.replace("odp-dev", "odp-prod")),
        "iam:CreateRole",
    ),
    "a role that prod trusts by its name": (role_with(**BOUND, RoleName="odp-prod-infra-Pipeline-x"), "iam:CreateRole"),
    "a role of prod's bootstrap": (role_with(**BOUND, RoleName=DEPLOY_OF_PROD), "iam:CreateRole"),
    "a role with a policy of AWS": (role_with(**BOUND, ManagedPolicyArns=[ADMINISTRATOR]), "iam:AttachRolePolicy"),
    "a user": (of_type("AWS::IAM::User", UserName="odp-dev-evil"), "iam:CreateUser"),
    "a policy": (
        of_type("AWS::IAM::ManagedPolicy", ManagedPolicyName="odp-dev-evil", PolicyDocument=ALL),
        "iam:CreatePolicy",
    ),
    "a build of prod's name": (build_of("odp-prod-infra-evil", "odp-dev-evil"), "codebuild:CreateProject"),
    "a build with prod's role": (build_of("odp-dev-evil", "odp-prod-infra-Pipeline-x"), "iam:PassRole"),
    "policies for a role of prod": (
        of_type("AWS::IAM::Policy", PolicyName="all", Roles=["odp-prod-infra-Pipeline-x"], PolicyDocument=ALL),
        "iam:PutRolePolicy",
    ),
    "a bucket of prod's name": (of_type("AWS::S3::Bucket", BucketName="odp-prod-evil"), "s3:CreateBucket"),
    "a function in the pipelines' account": (
        of_type(
            "AWS::Lambda::Function", FunctionName="odp-dev-evil", Role=f"arn:aws:iam::{PIPELINES}:role/x", **FUNCTION
        ),
        "lambda:CreateFunction",
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_the_execution_role_of_dev_makes_nothing_that_reaches_further_than_dev(
    deployer: Attacker, attempt: str
) -> None:
    resource, action = ATTEMPTS[attempt]
    reasons = failures(deployer, "odp-dev-evil", template_of(resource))
    assert [reason for reason in reasons if "is not authorized to perform" in reason and action in reason], reasons
    assert all(EXECUTION.rsplit("/", 1)[-1] in reason for reason in reasons), "it is the execution role that may not"


def test_a_stack_without_a_role_is_made_with_the_rights_of_who_asks(deployer: Attacker) -> None:
    reasons = failures(deployer, "odp-dev-evil", template_of(role_with(PermissionsBoundary=BOUNDARY)), role=None)
    assert any("iam:CreateRole" in reason and "deploy-role" in reason for reason in reasons), reasons


def failures(attacker: Attacker, stack: str, template: Document, role: str | None = EXECUTION) -> list[str]:
    """Deploy a stack that must not come about, and give why it did not."""
    cloudformation, owner = attacker.client("cloudformation"), root(attacker.rehearsal, "cloudformation")
    options = {"RoleARN": role} if role else {}
    cloudformation.create_stack(
        StackName=stack, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"], **options
    )
    described = settled(owner, stack)
    events = owner.describe_stack_events(StackName=described["StackId"])["StackEvents"]
    owner.delete_stack(StackName=stack)
    assert described["StackStatus"] == "ROLLBACK_COMPLETE", described
    return [event["ResourceStatusReason"] for event in events if event["ResourceStatus"] == "CREATE_FAILED"]


def settled(owner: Any, stack: str) -> Document:
    deadline = time.monotonic() + 60
    while (found := owner.describe_stacks(StackName=stack)["Stacks"][0])["StackStatus"].endswith("IN_PROGRESS"):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    described: Document = found
    return described


def test_a_role_of_devs_own_making_reaches_no_further_than_dev(deployer: Attacker) -> None:
    """With its boundary a role may be made, and given every permission: it has none of them outside dev."""
    stack, rehearsal = "odp-dev-own", deployer.rehearsal
    cloudformation = deployer.client("cloudformation")
    template = json.dumps(template_of(role_with(PermissionsBoundary=BOUNDARY)))
    cloudformation.create_stack(
        StackName=stack, TemplateBody=template, Capabilities=["CAPABILITY_IAM"], RoleARN=EXECUTION
    )
    try:
        assert settled(root(rehearsal, "cloudformation"), stack)["StackStatus"] == "CREATE_COMPLETE"
        (name,) = physical(rehearsal, stack, "AWS::IAM::Role")
        owner = {"aws_access_key_id": PIPELINES, "aws_secret_access_key": secret_of_root(rehearsal)}
        own = Attacker(rehearsal, "root", owner).takes(f"arn:aws:iam::{PIPELINES}:role/{name}")
        for role in PRODS_ROLES:
            refused(own.client("sts").assume_role, RoleArn=role, RoleSessionName="attack")
            assert refusing(rehearsal, own.role, role) == {"odp-dev-pipeline-boundary", "trust"}
        refused(own.client("iam").delete_role_permissions_boundary, RoleName=name)
        refused(
            own.client("iam").create_role,
            RoleName="odp-dev-more",
            AssumeRolePolicyDocument=json.dumps(letting_in(PIPELINES)),
        )
        refused(own.client("cloudformation").create_stack, StackName="odp-prod-evil", TemplateBody=template)
    finally:
        root(rehearsal, "cloudformation").delete_stack(StackName=stack)


OWN, BOUND_BY = "the role's own policies", "odp-dev-pipeline-boundary"


def not_allowing(attacker: Attacker, action: str, resource: str) -> set[str]:
    """Which documents leave an action out: the policies of the attacker's role, and its boundary."""
    iam, name = root(attacker.rehearsal, "iam"), attacker.role.rsplit("/", 1)[-1]
    boundary = iam.get_role(RoleName=name)["Role"].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    own = [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in inline]
    attached = [each["PolicyArn"] for each in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]]
    documents = {OWN: [*own, *(document_of(iam, each) for each in attached)]}
    if boundary:
        documents[boundary.rsplit("/", 1)[-1]] = [document_of(iam, boundary)]
    return {which for which, found in documents.items() if not any(allows(one, action, resource) for one in found)}


def document_of(iam: Any, policy: str) -> Document:
    version = iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"]
    found: Document = iam.get_policy_version(PolicyArn=policy, VersionId=version)["PolicyVersion"]["Document"]
    return found


def allows(document: Document, action: str, resource: str) -> bool:
    return any(
        statement["Effect"] == "Allow"
        and any(fnmatchcase(action.lower(), each.lower()) for each in listed(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in listed(statement["Resource"]))
        for statement in listed(document["Statement"])
    )


@pytest.mark.parametrize("entrance", ["self_mutation", "assets", "deployer"])
def test_no_build_of_dev_starts_a_build_of_prod_with_a_buildspec_of_its_own(
    entrance: str, request: pytest.FixtureRequest
) -> None:
    attacker: Attacker = request.getfixturevalue(entrance)
    projects = physical(attacker.rehearsal, "odp-prod-infra-Pipeline", "AWS::CodeBuild::Project")
    assert len(projects) >= 3
    walls = {OWN} if entrance == "deployer" else {OWN, BOUND_BY}
    for project in projects:
        refused(
            attacker.client("codebuild").start_build,
            projectName=project, buildspecOverride="{}", sourceTypeOverride="NO_SOURCE",
        )  # fmt: skip
        arn = f"arn:aws:codebuild:{REGION}:{PIPELINES}:project/{project}"
        assert not_allowing(attacker, "codebuild:StartBuild", arn) == walls


def test_no_build_of_dev_starts_a_build_at_all(assets: Attacker) -> None:
    """CDK lets the role of asset builds start every build of the account."""
    for project in physical(assets.rehearsal, "odp-dev-etl-Pipeline", "AWS::CodeBuild::Project"):
        refused(assets.client("codebuild").start_build, projectName=project)
        arn = f"arn:aws:codebuild:{REGION}:{PIPELINES}:project/{project}"
        assert not_allowing(assets, "codebuild:StartBuild", arn) == {OWN}


@pytest.mark.parametrize("entrance", ["self_mutation", "assets", "deployer"])
def test_no_build_of_dev_reads_or_changes_what_prods_pipeline_hands_on(
    entrance: str, request: pytest.FixtureRequest
) -> None:
    attacker: Attacker = request.getfixturevalue(entrance)
    (bucket,) = physical(attacker.rehearsal, "odp-prod-infra-Pipeline", "AWS::S3::Bucket")
    s3 = attacker.client("s3")
    refused(s3.list_objects_v2, Bucket=bucket)
    refused(s3.get_object, Bucket=bucket, Key="odp-prod-infra/Synth_Outp/x")
    refused(s3.put_object, Bucket=bucket, Key="odp-prod-infra/Synth_Outp/x", Body=b"evil")


def test_the_build_that_runs_the_tests_changes_nothing_that_is_deployed_later(tests: Attacker) -> None:
    """A package that only tests need could otherwise write the templates of its own environment."""
    (bucket,) = physical(tests.rehearsal, "odp-dev-infra-Pipeline", "AWS::S3::Bucket")
    (key,) = physical(tests.rehearsal, "odp-dev-infra-Pipeline", "AWS::KMS::Key")
    s3 = tests.client("s3")
    for name in ("odp-dev-infra/Synth_Outp/x", "odp-dev-infra/example_da/x", "x"):
        refused(s3.put_object, Bucket=bucket, Key=name, Body=b"evil")
        refused(s3.delete_object, Bucket=bucket, Key=name)
    refused(tests.client("kms").generate_data_key, KeyId=key, KeySpec="AES_256")
    for project in physical(tests.rehearsal, "odp-dev-infra-Pipeline", "AWS::CodeBuild::Project"):
        refused(tests.client("codebuild").start_build, projectName=project)
    for which in ("deploy", "file-publishing", "image-publishing", "lookup"):
        role = bootstrap_role(which, "dev", PIPELINES)
        refused(tests.client("sts").assume_role, RoleArn=role, RoleSessionName="attack")


def test_the_key_of_prods_artifacts_refuses_devs_roles_whatever_their_policies_say(deployed: Rehearsal) -> None:
    (key,) = physical(deployed, "odp-prod-infra-Pipeline", "AWS::KMS::Key")
    document = json.loads(root(deployed, "kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    (statement,) = [each for each in document["Statement"] if each.get("Sid") == "OnlyThisEnvironment"]
    assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "kms:*", {"AWS": "*"})
    like, unlike = (listed(statement["Condition"][each]["aws:PrincipalArn"]) for each in ("ArnLike", "ArnNotLike"))

    def is_denied(role: str) -> bool:
        return any(fnmatchcase(role, each) for each in like) and not any(fnmatchcase(role, each) for each in unlike)

    own = physical(deployed, "odp-prod-infra-Pipeline", "AWS::IAM::Role")
    assert not [name for name in own if is_denied(f"arn:aws:iam::{PIPELINES}:role/{name}")]
    assert not is_denied(bootstrap_role("cfn-exec", "prod", PIPELINES))
    assert not is_denied(bootstrap_role("deploy", "prod", PROD))
    devs = physical(deployed, "odp-dev-infra-Pipeline", "AWS::IAM::Role")
    assert all(is_denied(f"arn:aws:iam::{PIPELINES}:role/{name}") for name in devs)
    assert is_denied(EXECUTION)
    assert is_denied(bootstrap_role("deploy", "dev", PIPELINES))


@pytest.mark.parametrize("role", PRODS_ROLES)
def test_nothing_in_devs_own_account_takes_a_role_of_prod(deployed: Rehearsal, role: str) -> None:
    """Dev's account is dev's: whoever pushes may be its administrator, who may ask for any role there is."""
    iam, name = root(deployed, "iam", DEV), "odp-dev-administrator"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(letting_in(DEV)))
    try:
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(ALL))
        owner = {"aws_access_key_id": DEV, "aws_secret_access_key": secret_of_root(deployed)}
        administrator = Attacker(deployed, "root", owner).takes(f"arn:aws:iam::{DEV}:role/{name}")
        refused(administrator.client("sts").assume_role, RoleArn=role, RoleSessionName="attack")
        assert refusing(deployed, administrator.role, role) == {"trust"}
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="all")
        iam.delete_role(RoleName=name)


@pytest.mark.timeout(600)
def test_a_push_that_takes_the_boundary_off_devs_own_roles_changes_none_of_them(
    deployed: Rehearsal, developer: Developer
) -> None:
    """By self-mutation as CDK does it: the template that the push made, deployed by dev's own roles."""
    pipeline, stack = "odp-dev-infra", "odp-dev-infra-Pipeline"
    console = Console(record=True, width=200)
    watch = PipelineWatch(deployed.codepipeline, console)
    watch.until_settled([pipeline])
    developer.replace(
        "deployment_account/pipeline_stack.py", "        iam.PermissionsBoundary.of(self).apply(boundary)\n", ""
    )
    developer.push("main")
    assert watch.until_settled([pipeline])[pipeline] == "Failed"
    assert "UpdatePipeline" in console.export_text(clear=False)
    iam = root(deployed, "iam")
    for name in physical(deployed, stack, "AWS::IAM::Role"):
        found = iam.get_role(RoleName=name)["Role"]["PermissionsBoundary"]
        assert found["PermissionsBoundaryArn"] == BOUNDARY
    events = root(deployed, "cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    reasons = [each.get("ResourceStatusReason", "") for each in events if each["ResourceStatus"] == "UPDATE_FAILED"]
    assert any("iam:DeleteRolePermissionsBoundary" in each and "cfn-exec-role" in each for each in reasons), reasons

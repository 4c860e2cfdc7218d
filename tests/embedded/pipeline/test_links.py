"""Every link of the role chain, broken alone, fails the rehearsal with the link's name and what mends it.

The control, in which nothing is broken, is the first test of test_executions.py.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.embedded.pipeline import templates
from tests.embedded.pipeline.small import Small, said, told

Break = Callable[[Small], None]
PIPELINE_STACK = "deploy the stack of the pipeline again"
NOTHING_NEEDED = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}
BOOTSTRAP = "bootstrap the account again: python -m scripts.bootstrap target-account"


def without(small: Small, role: str, *actions: str, of_target: bool = False) -> None:
    """Take actions out of a role's policy."""
    iam = small.client("iam", of_target=of_target)
    document = iam.get_role_policy(RoleName=role, PolicyName="allowed")["PolicyDocument"]
    parsed = document if isinstance(document, dict) else json.loads(document)
    kept = [NOTHING_NEEDED] + [each for each in parsed["Statement"] if not set(_texts(each["Action"])) & set(actions)]
    assert len(kept) <= len(parsed["Statement"])
    iam.put_role_policy(RoleName=role, PolicyName="allowed", PolicyDocument=json.dumps({**parsed, "Statement": kept}))


def trusts_nobody_here(small: Small, role: str, *, of_target: bool = False) -> None:
    trust = templates.trusting(Service="lambda.amazonaws.com")
    small.client("iam", of_target=of_target).update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))


def trusts_in_the_name_of(small: Small, role: str, account: str) -> None:
    trust = templates.trusting(Service="codebuild.amazonaws.com")
    trust["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    small.client("iam").update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))


def key_without_deploy_role(small: Small) -> None:
    policy = templates.allowing(("kms:*", "*"))
    policy["Statement"][0]["Principal"] = {"AWS": f"arn:aws:iam::{small.account}:root"}
    small.client("kms").put_key_policy(KeyId=small.key, PolicyName="default", Policy=json.dumps(policy))


def bucket_without_policy(small: Small) -> None:
    small.client("s3").delete_bucket_policy(Bucket=small.bucket)


def no_deploy_role(small: Small) -> None:
    iam = small.client("iam", of_target=True)
    iam.delete_role_policy(RoleName="deploy", PolicyName="allowed")
    iam.delete_role(RoleName="deploy")


BROKEN: list[tuple[str, Break, str, list[str]]] = [
    (
        "pipeline trust",
        lambda s: trusts_nobody_here(s, "pipeline"),
        "Source",
        ["link trust: codepipeline.amazonaws.com may not assume", PIPELINE_STACK],
    ),
    (
        "connection",
        lambda s: without(s, "pipeline", "codeconnections:UseConnection"),
        "Source",
        ["link codeconnections:UseConnection", PIPELINE_STACK],
    ),
    (
        "artifacts of the pipeline",
        lambda s: without(s, "pipeline", "s3:*"),
        "Source",
        ["link s3:PutObject: the policies of", "role/pipeline"],
    ),
    (
        "key for the pipeline",
        lambda s: without(s, "pipeline", "kms:*"),
        "Source",
        ["link key policy", "may not kms:GenerateDataKey", "its own policies: ImplicitDeny"],
    ),
    (
        "start of builds",
        lambda s: without(s, "pipeline", "codebuild:StartBuild"),
        "Build",
        ["codebuild:StartBuild", "role", "To mend it: allow it"],
    ),
    (
        "build trust",
        lambda s: trusts_nobody_here(s, "build"),
        "Build",
        ["link trust: codebuild.amazonaws.com may not assume", PIPELINE_STACK],
    ),
    (
        "build trust in the name of another account",
        lambda s: trusts_in_the_name_of(s, "build", "999999999999"),
        "Build",
        ["link trust: codebuild.amazonaws.com may not assume", PIPELINE_STACK],
    ),
    (
        "artifacts of the build",
        lambda s: without(s, "build", "s3:*"),
        "Build",
        ["link s3:GetObject: the policies of", "role/build"],
    ),
    ("log of the build", lambda s: without(s, "build", "logs:*"), "Build", ["link log group", "logs:CreateLogStream"]),
    (
        "caller of the deploy role",
        lambda s: without(s, "pipeline", "sts:AssumeRole"),
        "Prepare",
        ["link sts:AssumeRole", "role/pipeline may not assume", PIPELINE_STACK],
    ),
    (
        "deploy trust",
        lambda s: trusts_nobody_here(s, "deploy", of_target=True),
        "Prepare",
        ["link trust: the trust policy of", "role/deploy does not let", BOOTSTRAP],
    ),
    ("deploy role", no_deploy_role, "Prepare", ["link trust: there is no role", BOOTSTRAP]),
    ("bucket policy", bucket_without_policy, "Prepare", ["link bucket policy", "role/deploy", PIPELINE_STACK]),
    (
        "deploy role's rights on artifacts",
        lambda s: without(s, "deploy", "s3:GetObject*", of_target=True),
        "Prepare",
        ["link s3:GetObject: the policies of", "role/deploy", BOOTSTRAP],
    ),
    (
        "key policy",
        key_without_deploy_role,
        "Prepare",
        ["link key policy", "(key policy: ImplicitDeny, its own policies: Allow)", PIPELINE_STACK],
    ),
    (
        "deploy role's rights on the key",
        lambda s: without(s, "deploy", "kms:Decrypt", of_target=True),
        "Prepare",
        ["link key policy", "its own policies: ImplicitDeny)"],
    ),
    (
        "pass role",
        lambda s: without(s, "deploy", "iam:PassRole", of_target=True),
        "Prepare",
        ["link iam:PassRole", "role/deploy may not do that on", BOOTSTRAP],
    ),
    (
        "execution trust",
        lambda s: trusts_nobody_here(s, "cfn-exec", of_target=True),
        "Prepare",
        ["link trust: cloudformation.amazonaws.com may not assume"],
    ),
    (
        "execution policy",
        lambda s: without(s, "cfn-exec", "sns:*", of_target=True),
        "Prepare",
        [
            "link execution policy",
            "sns:CreateTopic",
            "AWS::SNS::Topic",
            "scripts/bootstrap/execution_policy",
            BOOTSTRAP,
        ],
    ),
    (
        "deployment",
        lambda s: without(s, "deploy", "cloudformation:*", of_target=True),
        "Prepare",
        ["is not authorized to perform: cloudformation:", "To mend it: allow it"],
    ),
]


ELSEWHERE = {
    "key for the pipeline",
    "start of builds",
    "build trust",
    "artifacts of the build",
    "deploy role's rights on artifacts",
    "deploy role's rights on the key",
    "deployment",
}
"""Links of a kind that another role has, too: they are slow. Each kind is broken at one role."""


def _marks(link: str) -> list[pytest.MarkDecorator]:
    return [pytest.mark.slow] if link in ELSEWHERE else []


@pytest.mark.parametrize(
    ("broken", "fails_at", "names"), [pytest.param(*each[1:], id=each[0], marks=_marks(each[0])) for each in BROKEN]
)
def test_a_broken_link_is_named_with_what_mends_it(
    small: Small, broken: Break, fails_at: str, names: list[str]
) -> None:
    broken(small)
    small.push()
    small.deploy()
    status, actions = small.result()
    assert status == "Failed", told(actions)
    assert actions[fails_at]["status"] == "Failed", told(actions)
    for name in names:
        assert name in said(actions[fails_at])
    assert small.topics() == []


def test_a_build_runs_whose_role_is_taken_in_the_name_of_its_own_account(small: Small) -> None:
    trusts_in_the_name_of(small, "build", small.account)
    small.push()
    small.deploy(small.stages(with_deployment=False))
    status, actions = small.result()
    assert status == "Succeeded", told(actions)


def test_a_role_that_refuses_a_build_is_named_although_the_tool_says_something_else(small: Small) -> None:
    publishing = f"arn:aws:iam::{small.target}:role/file-publishing"
    trust = json.dumps(templates.trusting(AWS=f"arn:aws:iam::{small.target}:root"))
    small.client("iam", of_target=True).create_role(RoleName="file-publishing", AssumeRolePolicyDocument=trust)
    misleading = f"echo 'assuming {publishing}'; echo 'Bucket exists, but we do not have access to it'; false"
    small.build_spec = {"version": "0.2", "phases": {"build": {"commands": [misleading]}}}
    small.push()
    small.deploy(small.stages(with_deployment=False))
    _status, actions = small.result()
    assert f"link trust: the trust policy of {publishing} does not let" in said(actions["Build"])
    assert BOOTSTRAP in said(actions["Build"])


def test_what_nobody_knows_the_needs_of_is_not_deployed(small: Small) -> None:
    small.push({"Resources": {"Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}}})
    small.deploy()
    status, actions = small.result()
    assert status == "Failed"
    assert "nobody knows here what CloudFormation needs for AWS::Kinesis::Stream" in said(actions["Prepare"])
    assert small.client("kinesis", of_target=True).list_streams()["StreamNames"] == []


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)

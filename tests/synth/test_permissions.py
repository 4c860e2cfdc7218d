"""Who may do what: every pattern is known by heart; test_called_actions compares the actions with the calls."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from deployment_account.permissions import allow
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import ACCOUNTS, Template


def wildcards(environment: str) -> set[tuple[str, str]]:
    """Every pattern of resources in the stacks of an environment, by the role that has it."""
    here = f"us-east-1:{ACCOUNTS[environment]}"
    return {
        # CDK's own statement for log delivery and X-Ray, which know no resources
        ("FileProcessorWorkflowRole", "*"),
        # plans are named after their execution
        ("FileProcessorBatchManagerRole", "arn:aws:s3:::<config>/odp/plans/*"),
        # whichever execution has the claim of a cadence
        ("FileProcessorBatchManagerRole", f"arn:aws:states:{here}:execution:odpf_file_processor:*"),
        ("FileProcessorJobsRole", "arn:aws:s3:::<config>/odp/plans/*"),
        # DMS writes at any depth
        ("FileProcessorJobsRole", "arn:aws:s3:::<staging>/*"),
        # files, tables and log groups that the table format, the job and Glue name
        ("FileProcessorJobsRole", "arn:aws:s3:::<raw>/odpf_*"),
        ("FileProcessorJobsRole", f"arn:aws:glue:{here}:database/odpf_*"),
        ("FileProcessorJobsRole", f"arn:aws:glue:{here}:table/odpf_*/*"),
        ("FileProcessorJobsRole", f"arn:aws:logs:{here}:log-group:/aws-glue/jobs/odp-{environment}-etl/*"),
        # the same for the function that refreshes without a JVM, beside logs
        ("FileProcessorNativeRole", "arn:aws:s3:::<config>/odp/plans/*"),
        ("FileProcessorNativeRole", "arn:aws:s3:::<staging>/*"),
        ("FileProcessorNativeRole", "arn:aws:s3:::<raw>/odpf_*"),
        ("FileProcessorNativeRole", f"arn:aws:glue:{here}:database/odpf_*"),
        ("FileProcessorNativeRole", f"arn:aws:glue:{here}:table/odpf_*/*"),
        # of the taxi flow: the same for its state machine, its bundles, and its jobs
        ("FlowWorkflowRole", "*"),
        ("FlowBundlesRole", "arn:aws:s3:::<config>/taxi/bundles/*"),
        # whichever execution has the lease of a dataset
        ("FlowBundlesRole", f"arn:aws:states:{here}:execution:taxi_flow:*"),
        ("FlowJobsConformedRole", "arn:aws:s3:::<config>/taxi/bundles/*"),
        ("FlowJobsConformedRole", "arn:aws:s3:::<config>/taxi/bundles/*.outcome.json"),
        ("FlowJobsConformedRole", "arn:aws:s3:::<raw>/nyc-taxi/green/*"),
        ("FlowJobsConformedRole", "arn:aws:s3:::<raw>/nyc-taxi/yellow/*"),
        ("FlowJobsConformedRole", "arn:aws:s3:::<conformed>/nyc_taxi_conformed/*"),
        ("FlowJobsConformedRole", "arn:aws:s3:::<conformed>/quarantine/*"),
        ("FlowJobsConformedRole", f"arn:aws:glue:{here}:table/nyc_taxi_conformed/*"),
        ("FlowJobsConformedRole", f"arn:aws:logs:{here}:log-group:/aws-glue/jobs/odp-{environment}-etl/*"),
        ("FlowJobsPurposeBuiltRole", "arn:aws:s3:::<conformed>/nyc_taxi_conformed/*"),
        ("FlowJobsPurposeBuiltRole", "arn:aws:s3:::<purpose-built>/nyc_taxi_purpose_built/*"),
        ("FlowJobsPurposeBuiltRole", f"arn:aws:glue:{here}:table/nyc_taxi_conformed/*"),
        ("FlowJobsPurposeBuiltRole", f"arn:aws:glue:{here}:table/nyc_taxi_purpose_built/*"),
        ("FlowJobsPurposeBuiltRole", f"arn:aws:logs:{here}:log-group:/aws-glue/jobs/odp-{environment}-etl/*"),
    }


def of_readers(environment: str) -> set[tuple[str, str]]:
    """What people read: tables as the jobs may make them, and the results of their queries."""
    here = f"arn:aws:glue:us-east-1:{ACCOUNTS[environment]}"
    databases = ("odpf_*", "nyc_taxi_conformed", "nyc_taxi_purpose_built")
    return {
        # Athena lists workgroups and catalogs of whole Regions
        ("ReaderRole", "*"),
        ("ReaderRole", "arn:aws:s3:::<athena-results>/query-results/*"),
        ("ReaderRole", "arn:aws:s3:::<raw>/odpf_*"),
        ("ReaderRole", "arn:aws:s3:::<conformed>/nyc_taxi_conformed/*"),
        ("ReaderRole", "arn:aws:s3:::<purpose-built>/nyc_taxi_purpose_built/*"),
        ("ReaderRole", f"{here}:database/odpf_*"),
        *(("ReaderRole", f"{here}:table/{name}/*") for name in databases),
    }


IN_THE_NETWORK = (
    *(f"FileManager{name}Role" for name in ("Handler", "Sweep")),
    "ConfigManagerHandlerRole",
    "FileProcessorBatchManagerRole",
    "FileProcessorJobsRole",
    "FileProcessorNativeRole",
    "FlowBundlesRole",
    "FlowJobsConformedRole",
    "FlowJobsPurposeBuiltRole",
    "LandingHandlerRole",
    "LandingSweepRole",
)


def interfaces(environment: str) -> set[tuple[str, str]]:
    """What Lambda and Glue need to put code into a VPC: EC2 makes up the ids of interfaces."""
    here = f"arn:aws:ec2:us-east-1:{ACCOUNTS[environment]}"
    resources = ("*", f"{here}:*/*", f"{here}:network-interface/*")
    return {(role, resource) for role in IN_THE_NETWORK for resource in resources}


def statements(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    """Role and statement of what identity policies of a template allow; test_private_network knows the denials."""
    for policy in template.resources("AWS::IAM::Policy").values():
        for role in policy["Roles"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    yield role["Ref"][:-8], statement


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def text(template: Template, resource: Any) -> str:
    """A resource with shared values in angle brackets."""
    match resource:
        case str():
            return resource
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(text(template, part) for part in parts)
        case {"Ref": name} if name in template.body.get("Parameters", {}):
            return "<" + str(template.body["Parameters"][name]["Default"]).rsplit("/", 1)[-1] + ">"
        case _:
            return json.dumps(resource)


def ours(synthesis: Synthesis) -> Iterator[Template]:
    """All but the pipelines, whose policies CDK writes; test_pipeline_permissions knows their patterns."""
    return (template for name, template in synthesis.templates.items() if not name.endswith("-Pipeline"))


def test_no_action_is_a_pattern(synthesis: Synthesis) -> None:
    actions = [
        action for template in ours(synthesis) for _, s in statements(template) for action in as_list(s["Action"])
    ]
    assert actions
    assert not [action for action in actions if "*" in action]


def test_no_pattern_of_resources_is_new(synthesis: Synthesis, environment: str) -> None:
    found = {
        (role, text(template, resource))
        for template in ours(synthesis)
        if template.stack.startswith(f"odp-{environment}-")
        for role, statement in statements(template)
        for resource in as_list(statement["Resource"])
        if "*" in text(template, resource)
    }
    backups = {(role, resource) for role, resource in found if role == "BackupRole"}
    of_prod = interfaces(environment) | of_readers(environment)
    assert found - backups == wildcards(environment) | (of_prod if environment == "prod" else set())
    assert {_kind(resource) for _, resource in backups} == (PATTERNS_OF_BACKUPS if environment == "prod" else set())


PATTERNS_OF_BACKUPS = {"*", "a bucket's objects", "backups of a table", "AwsBackupManagedRule*", "recovery-point:*"}
"""AWS Backup makes up what it names, and backs up whole buckets."""


def _kind(resource: str) -> str:
    if ":dynamodb:" in resource and resource.endswith("/backup/*"):
        return "backups of a table"
    if "Fn::GetAtt" in resource and resource.endswith("/*"):
        return "a bucket's objects"
    return resource.removeprefix("arn:aws:events:us-east-1:444444444444:rule/").removeprefix(
        "arn:aws:backup:us-east-1:444444444444:"
    )


OF_PEOPLE = "ReaderRole"
"""The one role that is taken by people; test_readers says by whom."""


def test_no_role_brings_policies_that_are_not_ours_or_trusts_more_than_one_service(synthesis: Synthesis) -> None:
    for template in synthesis.templates.values():
        assert "AWS::IAM::ManagedPolicy" not in template.types()
        for id_, role in template.resources("AWS::IAM::Role").items():
            assert not role.keys() & {"ManagedPolicyArns", "Policies"}
            (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
            if id_.startswith(OF_PEOPLE):
                continue
            assert trust["Principal"].keys() == {"Service"}
            assert isinstance(trust["Principal"]["Service"], str)


def test_objects_are_read_and_written_in_buckets_of_this_account_only(synthesis: Synthesis, environment: str) -> None:
    """A bucket's name is free for anybody once the bucket is gone: code, plans and data would be a stranger's."""
    looked_at = 0
    for template in ours(synthesis):
        if not template.stack.startswith(f"odp-{environment}-"):
            continue
        for role, statement in statements(template):
            actions = as_list(statement["Action"])
            of_objects = [action for action in actions if re.fullmatch(r"s3:(Get|Put|Delete|Abort)\w+", action)]
            looked_at += len(of_objects)
            if of_objects:
                expected = {"StringEquals": {"aws:ResourceAccount": ACCOUNTS[environment]}}
                found = {**statement.get("Condition", {})}
                if role == OF_PEOPLE:
                    found.pop("ForAnyValue:StringEquals", None)
                assert found == expected, (role, actions)
    assert looked_at > 15


SAYS_IN_WHOSE_NAME = {
    "backup.amazonaws.com",
    "codebuild.amazonaws.com",
    "scheduler.amazonaws.com",
    "states.amazonaws.com",
}
"""By their own user guides: "Prevent cross-service confused deputy issue", "CodeBuild service role"."""
DOES_NOT = {"codepipeline.amazonaws.com", "glue.amazonaws.com", "lambda.amazonaws.com"}
"""Their user guides say nothing of it for roles that they take, and a key that is missing refuses everybody."""


def test_a_service_takes_a_role_in_the_name_of_this_account_only_where_it_says_in_whose(synthesis: Synthesis) -> None:
    found: dict[str, set[str]] = {}
    for template in synthesis.templates.values():
        account = "111111111111" if template.stack.endswith("-Pipeline") else ACCOUNTS[template.stack.split("-")[1]]
        for id_, role in template.resources("AWS::IAM::Role").items():
            if id_.startswith(OF_PEOPLE):
                continue
            (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
            condition = trust.get("Condition", {"StringEquals": {}})
            bound_to = condition["StringEquals"].get("aws:SourceAccount")
            assert bound_to in (None, account)
            found.setdefault(trust["Principal"]["Service"], set()).add("bound" if bound_to else "open")
    assert {service for service, kinds in found.items() if kinds == {"bound"}} == SAYS_IN_WHOSE_NAME
    assert {service for service, kinds in found.items() if kinds == {"open"}} == DOES_NOT


def objects(odp: Template, role: str, action: str) -> set[str]:
    return {
        text(odp, resource).removeprefix("arn:aws:s3:::")
        for granted_to, statement in statements(odp)
        if granted_to == role and action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


@pytest.mark.parametrize("action", ["s3:PutObject", "s3:DeleteObject"])
def test_the_job_writes_below_the_databases_of_the_lake_only(odp: Template, action: str) -> None:
    assert objects(odp, "FileProcessorJobsRole", action) == {"<raw>/odpf_*"}


def test_the_job_lists_staging_and_raw_without_a_condition_that_turns_404_into_403(odp: Template) -> None:
    assert objects(odp, "FileProcessorJobsRole", "s3:ListBucket") == {"<staging>", "<raw>"}
    for role, statement in statements(odp):
        if role == "FileProcessorJobsRole" and "s3:ListBucket" in as_list(statement["Action"]):
            assert "Condition" not in statement


def test_the_batch_manager_writes_plans_only(odp: Template) -> None:
    assert objects(odp, "FileProcessorBatchManagerRole", "s3:PutObject") == {"<config>/odp/plans/*"}
    assert not objects(odp, "FileProcessorBatchManagerRole", "s3:GetObject")


def test_the_batch_manager_writes_claims_and_notes_beside_leases_and_files_and_none_of_these(odp: Template) -> None:
    writing = [
        statement
        for role, statement in statements(odp)
        if role == "FileProcessorBatchManagerRole" and "dynamodb:PutItem" in as_list(statement["Action"])
    ]
    assert [(as_list(each["Action"]), each["Condition"], table(odp, each["Resource"])) for each in writing] == [
        (
            ["dynamodb:PutItem", "dynamodb:UpdateItem"],
            {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["#told", "#planned"]}},
            "odpf_file_tracker",
        ),
        (
            ["dynamodb:DeleteItem", "dynamodb:PutItem"],
            {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["cadence#*"]}},
            "odpf_file_processing_tracker",
        ),
    ]


def table(odp: Template, resource: Any) -> str:
    return text(odp, resource).rsplit(":table/", 1)[-1]


def test_the_batch_manager_reads_of_the_quarantine_what_is_held_and_nothing_else(odp: Template) -> None:
    reading = [
        statement
        for role, statement in statements(odp)
        if role == "FileProcessorBatchManagerRole" and table(odp, statement["Resource"]) == "odpf_quarantine"
    ]
    assert [(each["Action"], each["Condition"]) for each in reading] == [
        (
            "dynamodb:Query",
            {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["held_load", "held_file"]}},
        )
    ]


def test_of_the_assets_the_job_reads_its_package_and_its_script(odp: Template) -> None:
    job = odp.only("AWS::Glue::Job")
    used = {job["DefaultArguments"]["--extra-py-files"], job["Command"]["ScriptLocation"]}
    assets = {name for name in objects(odp, "FileProcessorJobsRole", "s3:GetObject") if name.startswith("cdk-")}
    assert {f"s3://{name}" for name in assets} == used


def test_the_state_machine_starts_the_jobs_of_the_manifests_and_no_others(odp: Template) -> None:
    """A job name that is known at run time only makes CDK grant an ARN that does not exist."""
    glue = [
        s for role, s in statements(odp) if role == "FileProcessorWorkflowRole" and "glue:StartJobRun" in s["Action"]
    ]
    (statement,) = glue
    assert set(statement["Action"]) == {"glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"}
    assert statement["Resource"].endswith(":job/odpf_file_processor")


def test_the_schedule_may_start_the_state_machine_and_do_nothing_else(odp: Template) -> None:
    """Besides, test_alerts says how it keeps what it could not start."""
    of_schedules = [statement for role, statement in statements(odp) if role == "FileProcessorSchedulesRole"]
    (state_machine,) = odp.resources("AWS::StepFunctions::StateMachine")
    (starting,) = [each for each in of_schedules if each["Action"] == "states:StartExecution"]
    assert starting["Resource"] == {"Ref": state_machine}
    actions = {action for each in of_schedules for action in as_list(each["Action"])}
    assert {action.split(":")[0] for action in actions} == {"kms", "sqs", "states"}


@pytest.fixture
def role() -> iam.Role:
    stack = cdk.Stack(cdk.App(), "Stack")
    return iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("glue.amazonaws.com"))


def test_a_pattern_without_a_reason_is_refused(role: iam.Role) -> None:
    with pytest.raises(ValueError, match=r"arn:aws:s3:::data/\*: say why"):
        allow(role, ["s3:GetObject"], ["arn:aws:s3:::data/*"])


def test_a_pattern_of_actions_is_refused_whatever_the_reason(role: iam.Role) -> None:
    with pytest.raises(ValueError, match=r"s3:Get\*: name each action"):
        allow(role, ["s3:Get*"], ["arn:aws:s3:::data/key"], because="it is shorter")

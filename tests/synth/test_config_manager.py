"""What the Configuration Manager's deployment promises."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from etl_cdk.etl_stage import EtlStage
from odp.config_manager.request import REQUEST_KEY

from deployment_account.revision import Revision
from tests.configuration import KNOWN_MANIFESTS
from tests.synth.configurations import known, platform_of
from tests.synth.synthesis import Template, flags, templates
from tests.synth.test_permissions import as_list, objects, statements

Statement = dict[str, Any]


def id_of(odp: Template, type_: str, starts_with: str) -> str:
    (found,) = [id_ for id_ in odp.resources(type_) if id_.startswith(starts_with)]
    return found


def test_one_object_of_the_config_bucket_starts_it_and_no_other(odp: Template, environment: str) -> None:
    rule = odp.only("AWS::Events::Rule", "ConfigManager")
    detail = rule["EventPattern"]["detail"]
    assert detail["object"] == {"key": [REQUEST_KEY]}
    (bucket,) = detail["bucket"]["name"]
    assert odp.body["Parameters"][bucket["Ref"]]["Default"] == f"/odp/{environment}/buckets/config"
    (target,) = rule["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": [id_of(odp, "AWS::SQS::Queue", "ConfigManagerQueue"), "Arn"]}


def test_requests_are_decided_one_by_one_and_what_keeps_failing_is_kept_aside(odp: Template) -> None:
    mapping = odp.only("AWS::Lambda::EventSourceMapping", "ConfigManager")
    assert (mapping["BatchSize"], mapping["FunctionResponseTypes"]) == (1, ["ReportBatchItemFailures"])
    queue = odp.only("AWS::SQS::Queue", "ConfigManagerQueue")
    function = odp.only("AWS::Lambda::Function", "ConfigManagerHandler")
    assert queue["VisibilityTimeout"] == 6 * function["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
    assert odp.body["Parameters"][queue["KmsMasterKeyId"]["Ref"]]["Default"].endswith("/kms/data-key-arn")


def test_function_knows_what_was_deployed_from_the_manifests(odp: Template, environment: str) -> None:
    variables = odp.only("AWS::Lambda::Function", "ConfigManagerHandler")["Environment"]["Variables"]
    assert variables["DEPLOYED_CADENCES"].split(",") == [
        schedule.removeprefix("odpf_file_processor_")
        for schedule in (each["Name"] for each in odp.resources("AWS::Scheduler::Schedule").values())
    ]
    assert variables["DEPLOYED_GLUE_JOBS"].split(",") == [
        job["Name"] for job in odp.resources("AWS::Glue::Job").values()
    ]
    assert json.loads(variables["CADENCE_DEFAULTS"])["refresh_tables_batch_size"] == 20
    assert variables["LAKE"] == f"odp-{environment}"
    assert json.loads(variables["SOURCES"]) == {"default": {"folder": ""}}


def test_roles_reach_their_tables_their_object_and_their_queue_and_nothing_else(odp: Template, is_prod: bool) -> None:
    request = f"<config>/{REQUEST_KEY}"
    for action in ("s3:GetObject", "s3:GetObjectVersion"):
        assert objects(odp, "ConfigManagerHandlerRole", action) == {request}
    assert objects(odp, "ConfigManagerHandlerRole", "s3:ListBucket") == {"<config>"}
    assert objects(odp, "ConfigManagerDeliveryRole", "s3:PutObject") == {request}
    (archive,) = objects(odp, "ConfigManagerDeliveryRole", "s3:GetObject")
    assert archive.startswith("cdk-")
    services = {
        role: {action.split(":")[0] for name, s in statements(odp) if name == role for action in as_list(s["Action"])}
        for role in ("ConfigManagerHandlerRole", "ConfigManagerDeliveryRole")
    }
    assert services == {
        "ConfigManagerHandlerRole": {"dynamodb", "kms", "logs", "s3", "sqs"} | ({"ec2"} if is_prod else set()),
        "ConfigManagerDeliveryRole": {"kms", "logs", "s3", "sqs"},
    }
    of_data = [(role, s) for role, s in statements(odp) if "ec2:" not in str(s["Action"])]
    assert not [s for role, s in of_data if role.startswith("ConfigManager") and "*" in str(s["Resource"])]


def request_resource(odp: Template) -> tuple[dict[str, Any], list[str]]:
    (resource,) = [r for r in odp.body["Resources"].values() if r["Type"] == "Custom::OdpConfigurationRequest"]
    return resource["Properties"], resource["DependsOn"]


def test_request_comes_when_all_that_it_relies_on_is_there(odp: Template) -> None:
    _, after = request_resource(odp)
    wanted = [
        id_of(odp, "AWS::Scheduler::Schedule", "FileProcessorSchedule"),
        id_of(odp, "AWS::Glue::Job", "FileProcessorJobs"),
        id_of(odp, "AWS::Lambda::Function", "ConfigManagerHandler"),
        id_of(odp, "AWS::Lambda::EventSourceMapping", "ConfigManager"),
        id_of(odp, "AWS::SQS::QueuePolicy", "ConfigManagerQueue"),
        id_of(odp, "AWS::IAM::Policy", "ConfigManagerDelivery"),
    ]
    assert set(wanted) <= set(after)


def test_manifests_are_delivered_as_they_are_in_git(odp: Template) -> None:
    properties, _ = request_resource(odp)
    (folder,) = odp.folder.parent.glob(f"asset.{properties['ArchiveKey'].removesuffix('.zip')}")
    assert {path.name: path.read_text() for path in folder.glob("*.json")} == {
        path.name: path.read_text() for path in KNOWN_MANIFESTS.glob("*.json")
    }


def test_request_names_commit_and_requester_that_synthesis_was_told(odp: Template, tmp_path: Path) -> None:
    import aws_cdk as cdk

    assert {request_resource(odp)[0][name] for name in ("Commit", "RequestedBy")} == {""}
    app = cdk.App(outdir=str(tmp_path / "out"), context=flags(), analytics_reporting=False)
    platform = platform_of(known(), tmp_path)
    told = Revision("abc123", "pipeline odp-dev-etl")
    EtlStage(app, "odp-dev-etl", platform, platform.environments["dev"], manifests=KNOWN_MANIFESTS, revision=told)
    app.synth()
    properties, _ = request_resource(templates(tmp_path / "out")["odp-dev-etl-Odp"])
    assert (properties["Commit"], properties["RequestedBy"]) == ("abc123", "pipeline odp-dev-etl")

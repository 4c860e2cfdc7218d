"""What a few other lines of config/environments.json make of the apps, without a change of code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.configuration import KNOWN_MANIFESTS
from tests.synth.configurations import Json, configured_app, known, synthesised
from tests.synth.conftest import Synthesis, findings_of
from tests.synth.pipeline_templates import actions, definition, stages
from tests.synth.synthesis import ACCOUNTS, APPS, Template

STAGING: Json = {
    "account": "555555555555",
    "region": "us-east-1",
    "availability_zones": ["us-east-1a", "us-east-1b"],
    "branch": "staging",
    "vpc_cidr": "10.40.0.0/16",
    "removal_policy": "destroy",
}


def changed(name: str, **fields: Any) -> Json:
    """The known configuration with other fields of one environment, which it may not have yet."""
    document = known()
    document["environments"][name] = {**document["environments"].get(name, {}), **fields}
    return document


def subfolder(folder: Path, *names: str) -> Path:
    made = folder.joinpath(*names)
    made.mkdir(parents=True)
    return made


@pytest.mark.parametrize("app", APPS)
def test_one_more_environment_is_a_few_lines_and_touches_no_other_stack(
    app: str, tmp_path: Path, synthesis: Synthesis
) -> None:
    found = synthesised(changed("staging", **STAGING), tmp_path, app)
    stacks = {"infra": {"Storage", "Secrets", "Network"}, "etl": {"Tables", "Odp", "Taxi"}}[app] | {"Pipeline"}
    assert {name for name in found if "staging" in name} == {f"odp-staging-{app}-{stack}" for stack in stacks}
    for name, template in found.items():
        if "staging" not in name:
            assert template.body == synthesis.templates[name].body, name


def test_one_more_region_is_a_few_lines_too(tmp_path: Path) -> None:
    zones = ["eu-west-1a", "eu-west-1b"]
    europe = {**STAGING, "account": "222222222222", "region": "eu-west-1", "availability_zones": zones}
    found = synthesised(changed("europe", **europe), tmp_path, pipeline="europe")
    assert found["odp-europe-infra-Network"].properties["stackName"] == "odp-europe-infra-Network"
    subnets = found["odp-europe-infra-Network"].resources("AWS::EC2::Subnet").values()
    assert {subnet["AvailabilityZone"] for subnet in subnets} == set(zones)
    pipeline = found["odp-europe-infra-Pipeline"].only("AWS::CodePipeline::Pipeline")
    assert {store["Region"] for store in pipeline["ArtifactStores"]} == {"us-east-1", "eu-west-1"}


def test_cdk_nag_finds_nothing_in_another_region_with_nat_gateways_and_endpoints(tmp_path: Path) -> None:
    network = {"nat_gateways": 2, "interface_endpoints": ["glue", "logs"]}
    zones = ["eu-west-1a", "eu-west-1b"]
    europe = {**STAGING, **network, "region": "eu-west-1", "availability_zones": zones}
    app = configured_app(changed("europe", **europe), tmp_path, pipeline="europe")
    assert findings_of(app, tmp_path / "out") == set()


def test_what_a_pipeline_keeps_in_another_region_is_its_own_and_soon_forgotten(tmp_path: Path) -> None:
    """Shared support would let the self-mutation of one pipeline change what another stands on."""
    zones = ["eu-west-1a", "eu-west-1b"]
    document = changed("europe", **{**STAGING, "region": "eu-west-1", "availability_zones": zones})
    document["deployment"]["artifact_days"] = 5
    support = {
        name: template
        for app in APPS
        for name, template in synthesised(document, subfolder(tmp_path, app), app, pipeline="europe").items()
        if "support" in name
    }
    assert support.keys() == {f"odp-europe-{app}-Pipeline-support-eu-west-1" for app in APPS}
    for template in support.values():
        rules = template.only("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
        assert [rule["ExpirationInDays"] for rule in rules] == [5]


@pytest.mark.parametrize("app", APPS)
def test_a_change_of_one_environment_touches_no_pipeline_and_no_stack_of_another(
    app: str, tmp_path: Path, synthesis: Synthesis
) -> None:
    more = {"branch": "develop", "approval": True, "notification_addresses": ["dev@example.com"]}
    found = synthesised(changed("dev", **more), tmp_path, app)
    assert found[f"odp-dev-{app}-Pipeline"].body != synthesis.templates[f"odp-dev-{app}-Pipeline"].body
    for name, template in found.items():
        if "-dev-" not in name:
            assert template.body == synthesis.templates[name].body, name


@pytest.mark.parametrize("app", APPS)
def test_the_builds_of_a_pipeline_synthesise_what_is_reviewed_without_the_other_environments(
    app: str, tmp_path: Path, synthesis: Synthesis
) -> None:
    found = synthesised(known(), tmp_path, app, pipeline="prod")
    assert found
    assert not [name for name in found if not name.startswith("odp-prod-")]
    assert {name: template.body for name, template in found.items()} == {
        name: synthesis.templates[name].body for name in found
    }


def trunk() -> Json:
    """All environments live on one branch."""
    document = known()
    for environment in document["environments"].values():
        environment["branch"] = "main"
    return document


@pytest.fixture(scope="module")
def on_trunk(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Template]]:
    """The templates of each app when all environments live on one branch."""
    return {app: synthesised(trunk(), tmp_path_factory.mktemp(app), app) for app in APPS}


@pytest.mark.parametrize("app", APPS)
def test_environments_of_one_branch_have_a_pipeline_each_which_the_same_push_starts(
    app: str, on_trunk: dict[str, dict[str, Template]]
) -> None:
    """A pipeline that deploys into several environments would have the rights of all of them."""
    found = on_trunk[app]
    pipelines = {name: template for name, template in found.items() if name.endswith("-Pipeline")}
    assert list(pipelines) == [f"odp-{name}-{app}-Pipeline" for name in ACCOUNTS]
    started = [definition(pipeline)["Triggers"][0]["GitConfiguration"]["Push"] for pipeline in pipelines.values()]
    assert [push["Branches"] for (push,) in started] == [{"Includes": ["main"]}] * 3
    assert all(push == started[0] for push in started)
    for name in ACCOUNTS:
        deployed = [stage for stage in stages(pipelines[f"odp-{name}-{app}-Pipeline"]) if stage.startswith("odp-")]
        assert deployed == [f"odp-{name}-{app}"]


def test_an_environment_that_joins_a_trunk_keeps_every_resource(
    on_trunk: dict[str, dict[str, Template]], synthesis: Synthesis
) -> None:
    for found in on_trunk.values():
        for name, template in found.items():
            if not name.endswith("-Pipeline"):
                assert template.body == synthesis.templates[name].body, name


def test_pipelines_in_an_account_of_their_own_are_deployed_and_start_there(tmp_path: Path) -> None:
    own = json.loads(json.dumps(known()["deployment"]).replace("1" * 12, "6" * 12))
    document = changed("prod", deployment=own | {"region": "eu-west-1", "artifact_days": 7})
    pipeline = synthesised(document, tmp_path, pipeline="prod")["odp-prod-infra-Pipeline"]
    artifacts = json.loads((tmp_path / "out" / "manifest.json").read_text())["artifacts"]
    assert artifacts["odp-prod-infra-Pipeline"]["environment"] == "aws://666666666666/eu-west-1"
    assert pipeline.only("AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] == 7
    (source,) = actions(pipeline, "Source")
    assert ":666666666666:connection/" in source["Configuration"]["ConnectionArn"]
    boundaries = {role["PermissionsBoundary"] for role in pipeline.resources("AWS::IAM::Role").values()}
    assert boundaries == {"arn:aws:iam::666666666666:policy/odp-prod-pipeline-boundary"}
    assert "1" * 12 not in json.dumps(pipeline.body)


def with_repository(**repository: Any) -> Json:
    document = known()
    document["deployment"]["repository"] = repository
    return document


def test_codecommit_starts_its_pipelines_by_an_event_of_their_branch(tmp_path: Path) -> None:
    document = with_repository(provider="codecommit", name="data-lake")
    pipeline = synthesised(document, tmp_path, pipeline="dev")["odp-dev-infra-Pipeline"]
    (source,) = pipeline.only("AWS::CodePipeline::Pipeline")["Stages"][0]["Actions"]
    assert source["ActionTypeId"]["Provider"] == "CodeCommit"
    assert source["Configuration"] == {
        "RepositoryName": "data-lake",
        "BranchName": "main",
        "PollForSourceChanges": False,
    }
    starting = [
        rule["EventPattern"] for rule in pipeline.resources("AWS::Events::Rule").values() if "codecommit" in str(rule)
    ]
    assert [pattern["detail"]["referenceName"] for pattern in starting] == [["main"]]
    assert "Triggers" not in pipeline.only("AWS::CodePipeline::Pipeline")


def test_an_app_with_a_repository_of_its_own_starts_on_every_push_to_it(tmp_path: Path) -> None:
    repository = {**known()["deployment"]["repository"], "folders": {"infra": "."}}
    pipeline = synthesised(with_repository(**repository), tmp_path, pipeline="dev")["odp-dev-infra-Pipeline"]
    (trigger,) = pipeline.only("AWS::CodePipeline::Pipeline")["Triggers"]
    assert trigger["GitConfiguration"]["Push"] == [{"Branches": {"Includes": ["main"]}}]
    spec = pipeline.only("AWS::CodeBuild::Project", "BlueprintPipelineBuildSynth")["Source"]["BuildSpec"]
    assert "(cd . && " in spec
    assert "./.venv-synth/bin/python app.py" in spec
    assert '"base-directory": "cdk.out"' in spec


TAXI_SIZES = {
    "worker_type": "G.2X",
    "workers": 3,
    "job_timeout_minutes": 90,
    "max_files_per_run": 7,
    "batching_window_seconds": 60,
    "query_scan_limit_mb": 10,
}


@pytest.fixture(scope="module")
def of_other_sizes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """The ETL stage of dev with other settings of both flows, of which each test looks at its own."""
    odp = {"max_workers_per_run": 2, "schedules": "disabled", "max_files_per_refresh": 100_000}
    return synthesised(changed("dev", odp=odp, taxi=TAXI_SIZES), tmp_path_factory.mktemp("sizes"), "etl", direct="dev")


def test_an_environment_may_run_smaller_jobs_and_be_refreshed_by_hand_only(of_other_sizes: dict[str, Template]) -> None:
    found = of_other_sizes["odp-dev-etl-Odp"]
    assert found.only("AWS::Glue::Job")["NumberOfWorkers"] == 2
    assert found.only("AWS::Scheduler::Schedule")["State"] == "DISABLED"


def test_commit_of_the_native_function_takes_no_more_files_than_it_has_time_for(
    of_other_sizes: dict[str, Template],
) -> None:
    found = of_other_sizes["odp-dev-etl-Odp"]
    assert found.only("AWS::Glue::Job")["DefaultArguments"]["--max_files_per_refresh"] == "100000"
    native = found.only("AWS::Lambda::Function", "FileProcessorNative")["Environment"]["Variables"]
    assert native["MAX_FILES_PER_REFRESH"] == "5000"


def typed_names(found: dict[str, Template]) -> set[tuple[str, str]]:
    """Type and physical name of everything that is named by us."""
    fields = (
        "Name",
        "DatabaseInput",
        "TableName",
        "StateMachineName",
        "LogGroupName",
        "FunctionName",
        "QueueName",
        "RoleName",
    )
    return {
        (resource["Type"], name)
        for template in found.values()
        for resource in template.body["Resources"].values()
        # saved queries belong to their workgroup
        if resource["Type"] != "AWS::Athena::NamedQuery"
        for field in fields
        if isinstance(name := _named(resource.get("Properties", {}).get(field)), str)
    }


def _named(value: Any) -> Any:
    """A catalog database has its name one level down."""
    return value.get("Name") if isinstance(value, dict) else value


def test_the_taxi_flow_of_an_environment_has_the_sizes_of_its_settings(of_other_sizes: dict[str, Template]) -> None:
    found = of_other_sizes["odp-dev-etl-Taxi"]
    for job in found.resources("AWS::Glue::Job").values():
        assert (job["WorkerType"], job["NumberOfWorkers"], job["Timeout"]) == ("G.2X", 3, 90)
    assert found.only("AWS::Lambda::EventSourceMapping")["MaximumBatchingWindowInSeconds"] == 60
    assert found.only("AWS::SQS::Queue", "LandingQueue")["VisibilityTimeout"] == 6 * 120 + 60
    bundles = found.only("AWS::Lambda::Function", "FlowBundles")["Environment"]["Variables"]
    assert bundles["MAX_FILES_PER_RUN"] == "7"
    assert int(bundles["LEASE_SECONDS"]) > 4 * 90 * 60
    workgroup = found.only("AWS::Athena::WorkGroup")["WorkGroupConfiguration"]
    assert workgroup["BytesScannedCutoffPerQuery"] == 10_000_000


def test_a_second_lake_in_the_same_account_shares_no_name_with_the_first(tmp_path: Path) -> None:
    second = {**STAGING, "account": "222222222222", "resource_prefix": "second_"}
    document = changed("second", **second)
    names: dict[str, set[tuple[str, str]]] = {}
    for lake in ("dev", "second"):
        names[lake] = set()
        for app in APPS:
            names[lake] |= typed_names(synthesised(document, subfolder(tmp_path, lake, app), app, direct=lake))
    assert len(names["dev"]) == len(names["second"]) > 20
    assert not names["dev"] & names["second"]
    assert ("AWS::Glue::Job", "second_odpf_file_processor") in names["second"]
    assert ("AWS::Glue::Database", "second_odpf_demo_taxi_trips_raw") in names["second"]
    assert ("AWS::Athena::WorkGroup", "second_nyc_taxi") in names["second"]
    assert ("AWS::StepFunctions::StateMachine", "second_taxi_flow") in names["second"]


def test_sizes_that_the_manifests_leave_open_are_the_environments(tmp_path: Path) -> None:
    folder = subfolder(tmp_path, "manifests")
    for manifest in KNOWN_MANIFESTS.glob("*.json"):
        content = json.loads(manifest.read_text())
        for batch in content["batch_configs"]:
            del batch["glue_job_worker_type"], batch["glue_job_max_workers"]
        (folder / manifest.name).write_text(json.dumps(content))
    sizes = {"cadence_defaults": {"glue_job_worker_type": "R.2X", "glue_job_max_workers": 4}}
    found = synthesised(changed("dev", odp=sizes), tmp_path, "etl", manifests=folder, direct="dev")
    job = found["odp-dev-etl-Odp"].only("AWS::Glue::Job")
    assert (job["WorkerType"], job["NumberOfWorkers"]) == ("R.2X", 4)


def test_each_cadence_of_the_manifests_has_a_schedule_and_the_configuration_manager_knows_it(tmp_path: Path) -> None:
    folder = subfolder(tmp_path, "manifests")
    content = json.loads((KNOWN_MANIFESTS / "known.json").read_text())
    content["batch_configs"].append(content["batch_configs"][0] | {"refresh_cadence": "1_day_refresh"})
    (folder / "known.json").write_text(json.dumps(content))
    found = synthesised(known(), tmp_path, "etl", manifests=folder, direct="dev")["odp-dev-etl-Odp"]
    schedules = {each["ScheduleExpression"] for each in found.resources("AWS::Scheduler::Schedule").values()}
    assert schedules == {"rate(10 minutes)", "rate(1 day)"}
    variables = found.only("AWS::Lambda::Function", "ConfigManagerHandler")["Environment"]["Variables"]
    assert variables["DEPLOYED_CADENCES"] == "10_min_refresh,1_day_refresh"


@pytest.mark.parametrize("app", ["infra", "etl"])
def test_every_build_of_a_pipeline_runs_in_the_one_image_that_is_configured(app: str, tmp_path: Path) -> None:
    """The name without a date is another image whenever AWS renews it."""
    document, image = known(), "aws/codebuild/standard:7.0-26.07.29"
    document["deployment"]["build_image"] = image
    pipeline = synthesised(document, tmp_path, app, pipeline="prod")[f"odp-prod-{app}-Pipeline"]
    projects = pipeline.resources("AWS::CodeBuild::Project").values()
    assert len(projects) > 2
    assert {project["Environment"]["Image"] for project in projects} == {image}

"""The steps around a deployment of replications, as a build runs them: against a DMS that changes states slowly."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deployment_account.pipeline_programs import LONGEST_BUILD_SPEC, replication_build

Json = dict[str, Any]
ARN = "arn:aws:dms:us-east-1:2:replication-config:odp-dev-{}"
PLACE = {
    "role": "arn:aws:iam::2:role/odp-dev-replication-operator",
    "region": "us-east-1",
    "account": "2",
    "stack": "odp-dev-etl-Replication",
    "change_set": "PipelineChange",
    "environment": "dev",
    "prefix": "odp-dev-",
    "memory": "/odp/dev/replication-stopped/",
}
AWS = """#!{python}
import json, sys
words, path = sys.argv[1:], {world!r}
world = json.load(open(path))
option = lambda name: words[words.index(name) + 1]
world["calls"].append(" ".join(words[1:2] + [word for word in words if word.startswith("arn:aws:dms")]))

def refused(kind):
    json.dump(world, open(path, "w"))
    sys.exit(f"An error occurred ({{kind}}) when calling {{words[1]}}")

def arn():
    return next(word for word in words if word.startswith("arn:aws:dms"))

answer, parameters, statuses = {{}}, world["parameters"], world["statuses"]
# the role has a right to the parameter of each source that is deployed, and to no other
if words[1].endswith("-parameter") and option("--name").rsplit("/", 1)[1] not in world["before"]["Resources"]:
    refused("AccessDeniedException")
match words[1]:
    case "assume-role":
        if not world["has_role"]:
            refused("AccessDenied")
        answer = {{"Credentials": {{"AccessKeyId": "a", "SecretAccessKey": "s", "SessionToken": "t"}}}}
    case "describe-change-set":
        if world["changes"] is None:
            refused("ChangeSetNotFound")
        answer = {{"Changes": [{{"Type": "Resource", "ResourceChange": one}} for one in world["changes"]]}}
    case "get-template":
        answer = {{"TemplateBody": world["after" if "--change-set-name" in words else "before"]}}
    case "describe-replications":
        # without a filter the CLI gives one page, on which the wanted one may not be
        (chosen,) = json.loads(option("--filters")) if "--filters" in words else [{{"Values": [""]}}]
        (wanted,) = chosen["Values"]
        states = statuses.get(wanted, [""])
        answer = {{"Replications": [{{"ReplicationConfigArn": wanted, "Status": states[0]}}] if states[0] else []}}
        statuses[wanted] = states[1:] or states
    case "stop-replication":
        if statuses[arn()][0] != "running" or world["refuses_stop"]:
            refused("InvalidResourceStateFault")
        statuses[arn()] = ["running", "stopping", "stopped"]
    case "start-replication":
        if statuses[arn()][0] != "stopped" or world["refuses_start"]:
            refused("InvalidResourceStateFault")
        world["calls"][-1] += " " + option("--start-replication-type")
        statuses[arn()] = ["starting", "running"]
    case "get-parameter":
        if option("--name") not in parameters:
            refused("ParameterNotFound")
        answer = {{"Parameter": {{"Value": parameters[option("--name")]}}}}
    case "put-parameter":
        parameters[option("--name")] = option("--value")
    case "delete-parameter":
        parameters.pop(option("--name"))
    case "query":
        if world["denied"]:
            world["denied"] -= 1
            refused("AccessDeniedException")
        newest_first = "--no-scan-index-forward" in words and option("--limit") == "1" and "--no-paginate" in words
        assert newest_first and option("--table-name") == "odpf_region"
        assert json.loads(option("--expression-attribute-values")) == {{":kind": {{"S": "epoch"}}}}
        answer = {{"Items": [{{"active": {{"S": region}}}} for region in world["epochs"][-1:]]}}
json.dump(world, open(path, "w"))
if answer:
    json.dump(answer, sys.stdout)
"""


def rule(number: int, table: str, schema: str = "shop") -> Json:
    locator = {"schema-name": schema, "table-name": table}
    return {"rule-type": "selection", "rule-id": str(number), "rule-name": str(number), "object-locator": locator}


def added_column(number: int, name: str, table: str = "%", schema: str = "shop") -> Json:
    locator = {"schema-name": schema, "table-name": table}
    of_rule = {"rule-type": "transformation", "rule-id": str(number), "rule-name": str(number), "value": name}
    return of_rule | {"object-locator": locator}


def replication(source: str, *rules: Json) -> Json:
    properties = {
        "ResourceIdentifier": f"odp-dev-{source}",
        "SourceEndpointArn": {"Ref": f"{source}Source"},
        "TargetEndpointArn": {"Ref": f"{source}Target"},
        "TableMappings": {"rules": list(rules)},
    }
    return {"Type": "AWS::DMS::ReplicationConfig", "Properties": properties}


def template(**sources: Json) -> Json:
    return {"Resources": {"Role": {"Type": "AWS::IAM::Role"}, **sources}}


def modified(id_: str, type_: str = "AWS::DMS::ReplicationConfig", action: str = "Modify") -> Json:
    return {"LogicalResourceId": id_, "ResourceType": type_, "Action": action}


ONE_TABLE = replication("shop", rule(1, "orders"), added_column(2, "SEQ"))
TWO_TABLES = replication("shop", rule(1, "customers"), rule(2, "orders"), added_column(3, "SEQ"))


@dataclass
class World:
    """A stack with replications, a change set for it, and DMS."""

    folder: Path
    state: Json = field(
        default_factory=lambda: {
            "calls": [], "parameters": {}, "has_role": True, "refuses_stop": False, "refuses_start": False,
            "epochs": [], "denied": 0,
            "before": template(shop=ONE_TABLE, erp=replication("erp", rule(1, "items"))),
            "after": template(shop=TWO_TABLES, erp=replication("erp", rule(1, "items"))),
            "changes": [modified("shop")],
            "statuses": {ARN.format("shop"): ["running"], ARN.format("erp"): ["running"]},
        }
    )  # fmt: skip

    place: Json = field(default_factory=PLACE.copy)

    def run(self, step: str) -> int:
        tools, artifact, path = self.folder / "tools", self.folder / "artifact", self.folder / "world.json"
        tools.mkdir(exist_ok=True)
        artifact.mkdir(exist_ok=True)
        path.write_text(json.dumps(self.state | {"calls": []}))
        (tools / "aws").write_text(AWS.format(python=sys.executable, world=str(path)))
        (tools / "aws").chmod(0o755)
        commands = replication_build(self.place)["phases"]["build"]["commands"]
        impatient = "find . -name '*.py' -exec sed -i 's/^PAUSE_SECONDS = .*/PAUSE_SECONDS = 0.01/' {} +"
        at_once = "find . -name __main__.py -exec sed -i 's/^\\(PATIENCE_WITH.*\\) = .*/\\1 = 0/' {} +"
        script = "set -e\n" + "\n".join([*commands[:-1], impatient, at_once, commands[-1]])
        path_variable = f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        run = subprocess.run(
            ["bash", "-c", script], cwd=artifact, capture_output=True, text=True, check=False,
            env={"PATH": path_variable, "STEP": step, "CODEBUILD_SRC_DIR": str(artifact)},
        )  # fmt: skip
        self.state, self.said = json.loads(path.read_text()), run.stdout + run.stderr
        return run.returncode

    @property
    def changing(self) -> list[str]:
        return [call for call in self.state["calls"] if call.startswith(("start-", "stop-"))]

    def status(self, source: str) -> str:
        return str(self.state["statuses"][ARN.format(source)][-1])

    @property
    def remembered(self) -> list[str]:
        return [name.rsplit("/", 1)[1] for name in self.state["parameters"]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_what_a_deployment_changes_stops_and_the_others_go_on(world: World) -> None:
    assert world.run("stop") == 0, world.said
    assert world.changing == [f"stop-replication {ARN.format('shop')}"]
    assert world.state["statuses"][ARN.format("shop")] == ["stopped"], "the step waits for it"
    assert "new tables: shop.customers" in world.said
    assert "erp: does not change, and is not interrupted" in world.said
    assert world.remembered == ["shop"]


def test_what_was_stopped_goes_on_after_the_deployment_and_nothing_stays_remembered(world: World) -> None:
    world.run("stop")
    assert world.run("resume") == 0, world.said
    assert world.changing == [f"start-replication {ARN.format('shop')} resume-processing"]
    assert world.remembered == []
    assert "reload" not in world.said


@pytest.mark.parametrize("changes", [[], [modified("Role", "AWS::IAM::Role")], None])
def test_a_deployment_that_changes_no_replication_interrupts_none(world: World, changes: list[Json] | None) -> None:
    """CodePipeline may delete a change set that would change nothing."""
    world.state |= {"changes": changes, "after": world.state["before"]}
    assert [world.run("stop"), world.run("resume")] == [0, 0], world.said
    assert world.changing == []
    assert world.status("shop") == "running"


def test_a_changed_endpoint_stops_the_replication_that_uses_it(world: World) -> None:
    """DMS changes no endpoint of a running replication."""
    world.state["changes"] = [modified("erpTarget", "AWS::DMS::Endpoint")]
    assert world.run("stop") == 0, world.said
    assert world.changing == [f"stop-replication {ARN.format('erp')}"]


def test_the_next_run_lets_go_on_what_a_failed_deployment_left_stopped(world: World) -> None:
    world.run("stop")
    world.state["changes"] = []
    assert world.run("stop") == 0, world.said
    assert world.remembered == ["shop"]
    assert world.run("resume") == 0, world.said
    assert world.status("shop") == "running"


def test_the_next_run_remembers_it_too_if_it_changes_the_stopped_replication_again(world: World) -> None:
    for _ in range(2):
        assert world.run("stop") == 0, world.said
    assert world.changing == [], "it rests already"
    world.run("resume")
    assert world.status("shop") == "running"


def test_a_stop_that_is_cut_off_is_remembered(world: World) -> None:
    world.state["refuses_stop"] = True
    assert world.run("stop") == 1
    assert "NOT DONE" in world.said
    assert world.remembered == ["shop"]


def test_what_a_person_stopped_stays_stopped(world: World) -> None:
    world.state["statuses"][ARN.format("shop")] = ["stopped"]
    assert [world.run("stop"), world.run("resume")] == [0, 0], world.said
    assert world.status("shop") == "stopped"
    assert "not by a pipeline" in world.said


@pytest.mark.parametrize("status", ["", "created"])
def test_a_first_start_is_left_to_people_who_are_told_the_command(world: World, status: str) -> None:
    world.state["statuses"][ARN.format("shop")] = [status]
    assert [world.run("stop"), world.run("resume")] == [0, 0], world.said
    assert world.changing == []
    assert "odp replication start --source shop --env dev" in world.said


def test_it_waits_for_what_is_between_two_states(world: World) -> None:
    world.state["statuses"][ARN.format("shop")] = ["starting", "starting", "running"]
    assert world.run("stop") == 0, world.said
    assert world.status("shop") == "stopped"


def test_changed_transformations_are_told_with_the_commands_that_load_all_tables(world: World) -> None:
    """DMS takes them with a new load only: CHAP_Tasks.CustomizingTasks.TableMapping.SelectionTransformation."""
    after = replication("shop", rule(1, "orders"), added_column(2, "SEQ"), added_column(3, "OPERATION"))
    world.state["after"]["Resources"]["shop"] = after
    world.run("stop")
    world.state["before"] = world.state["after"]
    assert world.run("resume") == 0, world.said
    assert world.status("shop") == "running"
    assert "odp replication stop --source shop --env dev" in world.said
    assert "odp replication reload --all --source shop --env dev" in world.said


def test_the_need_of_a_load_outlasts_a_failed_deployment(world: World) -> None:
    world.state["after"]["Resources"]["shop"] = replication("shop", rule(1, "orders"), added_column(2, "OTHER"))
    world.run("stop")
    world.state["before"] = world.state["after"]
    world.run("stop")
    world.run("resume")
    assert "reload --all" in world.said


@pytest.mark.parametrize("renumbered", [False, True])
def test_a_changed_transformation_that_is_taken_back_before_it_went_on_needs_no_load(
    world: World, renumbered: bool
) -> None:
    """The deployment failed, so DMS has never run with it; the tables are as the former rules made them."""
    world.state["after"]["Resources"]["shop"] = replication("shop", rule(1, "orders"), added_column(2, "OTHER"))
    world.run("stop")
    before = replication("shop", rule(1, "new"), rule(2, "orders"), added_column(3, "SEQ")) if renumbered else ONE_TABLE
    world.state["after"]["Resources"]["shop"] = before
    world.state["changes"] = [modified("shop")] if renumbered else []
    assert world.run("stop") == 0, world.said
    world.state["before"] = world.state["after"]
    assert world.run("resume") == 0, world.said
    assert world.status("shop") == "running"
    assert "LOAD OF ALL TABLES" not in world.said


def test_a_transformation_that_was_changed_while_it_was_at_rest_and_taken_back_needs_no_load(world: World) -> None:
    """Deployed, but nothing went on: the first run's resume failed, and the next push takes the change back."""
    world.state["after"]["Resources"]["shop"] = replication("shop", rule(1, "orders"), added_column(2, "OTHER"))
    world.run("stop")
    world.state["before"] = world.state["after"]
    world.state["refuses_start"] = True
    assert world.run("resume") == 1
    world.state["after"] = template(shop=ONE_TABLE)
    world.state["refuses_start"] = False
    assert world.run("stop") == 0, world.said
    world.state["before"] = world.state["after"]
    assert world.run("resume") == 0, world.said
    assert "LOAD OF ALL TABLES" not in world.said
    assert world.remembered == []


def test_a_stop_that_an_earlier_release_remembered_still_says_the_load(world: World) -> None:
    told = {"since": "2026-01-01T00:00:00+00:00", "needs_load_of_all": True}
    world.state["parameters"] = {"/odp/dev/replication-stopped/shop": json.dumps(told)}
    world.state["statuses"][ARN.format("shop")] = ["stopped"]
    assert world.run("resume") == 0, world.said
    assert "LOAD OF ALL TABLES" in world.said


def test_one_that_does_not_go_on_hinders_no_other_and_is_tried_again(world: World) -> None:
    world.state["changes"] = [modified("shop"), modified("erp")]
    world.run("stop")
    world.state["statuses"][ARN.format("shop")] = ["deprovisioned"]
    assert world.run("resume") == 1
    assert world.status("erp") == "running"
    assert world.remembered == ["shop"]
    assert "odp replication reload --all --source shop --env dev" in world.said


def test_a_removed_replication_goes_on_if_the_deployment_fails_and_the_removal_is_taken_back(world: World) -> None:
    after = dict(world.state["after"]["Resources"])
    world.state["after"]["Resources"].pop("shop")
    world.state["changes"] = [modified("shop", action="Remove")]
    assert world.run("stop") == 0, world.said
    assert world.status("shop") == "stopped"
    world.state["after"]["Resources"], world.state["changes"] = after, []
    world.run("stop")
    assert world.run("resume") == 0, world.said
    assert world.status("shop") == "running"
    assert world.remembered == []


def test_a_source_that_comes_again_is_not_started_for_a_stop_of_its_predecessor(world: World) -> None:
    shop = world.state["after"]["Resources"].pop("shop")
    world.state["changes"] = [modified("shop", action="Remove")]
    world.run("stop")
    world.state["before"]["Resources"].pop("shop")
    world.state["after"]["Resources"]["shop"] = shop
    world.state["changes"] = [modified("shop", action="Add")]
    world.state["statuses"][ARN.format("shop")] = ["created"]
    assert world.run("stop") == 0, world.said
    world.state["before"] = world.state["after"]
    assert world.run("resume") == 0, world.said
    assert world.changing == []
    assert "shop: was never started" in world.said


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param([rule(1, "orders"), rule(2, "items", "erp"), added_column(3, "SEQ"),
                      added_column(4, "SEQ", "%", "erp")],
                     id="first-table-of-another-schema"),
        pytest.param([rule(1, "orders"), rule(2, "items"), added_column(3, "SEQ", "orders"),
                      added_column(4, "N", "items")],
                     id="rules-for-each-table-in-place-of-one-for-the-schema"),
        pytest.param([rule(1, "orders"), rule(2, "order[_]items"), added_column(3, "SEQ", "orders"),
                      added_column(4, "N", "order[_]items")], id="a-name-with-an-underscore"),
    ],
)  # fmt: skip
def test_tables_that_stay_as_they_are_need_no_load_whatever_comes_beside_them(world: World, rules: list[Json]) -> None:
    world.state["after"]["Resources"]["shop"] = replication("shop", *rules)
    world.run("stop")
    assert world.run("resume") == 0, world.said
    assert world.status("shop") == "running"
    assert "LOAD OF ALL TABLES" not in world.said


def test_changed_transformations_of_a_replication_that_a_person_stopped_are_told_at_once(world: World) -> None:
    world.state["after"]["Resources"]["shop"] = replication("shop", rule(1, "orders"), added_column(2, "OTHER"))
    world.state["statuses"][ARN.format("shop")] = ["stopped"]
    assert world.run("stop") == 0, world.said
    assert "odp replication reload --all --source shop --env dev" in world.said
    assert world.remembered == []


def test_a_stop_is_as_old_as_the_first_deployment_that_left_it(world: World) -> None:
    world.run("stop")
    name = next(iter(world.state["parameters"]))
    world.state["parameters"][name] = json.dumps({"since": "2026-01-01T00:00:00+00:00", "needs_load_of_all": False})
    world.run("stop")
    assert json.loads(world.state["parameters"][name])["since"] == "2026-01-01T00:00:00+00:00"


def test_resuming_waits_for_no_replication_that_no_pipeline_has_stopped(world: World) -> None:
    world.state["changes"] = []
    world.state["statuses"][ARN.format("erp")] = ["initializing"]
    assert world.run("resume") == 0, world.said
    assert "erp: is initializing" in world.said


def test_before_the_first_deployment_nothing_is_stopped(world: World) -> None:
    """The role is in the stack that is deployed next."""
    world.state["has_role"] = False
    assert world.run("stop") == 0, world.said
    assert "odp replication stop --env dev" in world.said
    assert world.run("resume") == 1


REGIONS = {"table": "odpf_region", "primary": "us-east-1", "secondary": "us-west-2", "mode": "cold"}


@pytest.fixture
def of_two_regions(world: World) -> World:
    """The steps in the primary Region of an environment with two."""
    world.place["regions"] = json.dumps(REGIONS)
    return world


@pytest.mark.parametrize("epochs", [[], ["us-west-2", "us-east-1"]])
def test_in_the_active_region_what_was_stopped_goes_on(of_two_regions: World, epochs: list[str]) -> None:
    of_two_regions.state["epochs"] = epochs
    of_two_regions.run("stop")
    assert of_two_regions.run("resume") == 0, of_two_regions.said
    assert of_two_regions.status("shop") == "running"


def test_after_a_failover_no_deployment_lets_the_old_replication_go_on(of_two_regions: World) -> None:
    """Two replications of one source would write the same files into two buckets that replicate each other."""
    of_two_regions.run("stop")
    of_two_regions.state["epochs"] = ["us-west-2"]
    assert of_two_regions.run("resume") == 0, of_two_regions.said
    assert of_two_regions.changing == []
    assert of_two_regions.status("shop") == "stopped"
    assert "us-west-2 is the active Region since" in of_two_regions.said
    assert of_two_regions.remembered == []


def test_a_right_that_is_not_known_everywhere_yet_is_waited_for(of_two_regions: World) -> None:
    of_two_regions.run("stop")
    of_two_regions.state["denied"] = 3
    assert of_two_regions.run("resume") == 0, of_two_regions.said
    assert of_two_regions.status("shop") == "running"


def test_without_an_answer_about_the_active_region_nothing_goes_on_and_the_next_run_tries_again(
    of_two_regions: World,
) -> None:
    of_two_regions.run("stop")
    of_two_regions.state["denied"] = 1_000
    assert of_two_regions.run("resume") == 1
    assert of_two_regions.status("shop") == "stopped"
    assert of_two_regions.remembered == ["shop"]


def test_in_two_regions_commands_name_the_region_and_no_standby_is_started(of_two_regions: World) -> None:
    of_two_regions.state["statuses"][ARN.format("shop")] = ["created"]
    assert of_two_regions.run("resume") == 0, of_two_regions.said
    assert "odp replication start --source shop --env dev --region us-east-1" in of_two_regions.said
    assert "Leave it so in the standby Region" in of_two_regions.said
    assert of_two_regions.changing == []


def test_nothing_of_an_artifact_takes_the_place_of_the_program(world: World) -> None:
    artifact = world.folder / "artifact" / "deployment_account" / "replication_step"
    artifact.mkdir(parents=True)
    (artifact / "__main__.py").write_text("raise SystemExit(7)")
    assert world.run("stop") == 0, world.said


def test_the_buildspec_is_as_short_as_codebuild_demands() -> None:
    place = PLACE | {"regions": json.dumps(REGIONS)}
    assert len(json.dumps(replication_build(place), indent=2)) <= LONGEST_BUILD_SPEC

"""An environment with a secondary Region is bootstrapped, checked and taken down in both Regions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from deployment_account.environments import Platform
from deployment_account.names import Names
from scripts.bootstrap import checks, cli, tear_down
from scripts.bootstrap.accounts import Account, Credentials, Place
from scripts.bootstrap.bootstrapping import bootstrap_steps, deployment_places
from scripts.bootstrap.configuration import next_free_network
from scripts.bootstrap.configure import configured
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.execution_policy.policies import LONGEST_POLICY, boundary_of, environment_policies, policies_of
from scripts.bootstrap.findings import Finding, fine
from scripts.bootstrap.stacks import DeployedStack
from scripts.bootstrap.steps import Step
from scripts.bootstrap.tear_down import plans_of, what_stays
from tests.configuration import KNOWN
from tests.tools.scripts.bootstrap.granted import allowed, changed, may

EAST, WEST = Place("222222222222", "us-east-1"), Place("222222222222", "us-west-2")
PIPELINES = Place("111111111111", "us-east-1")
SECONDARY: dict[str, Any] = {
    "region": "us-west-2",
    "availability_zones": ["us-west-2a", "us-west-2b"],
    "vpc_cidr": "10.40.0.0/16",
}
MOST_POLICIES_OF_A_ROLE = 10


@pytest.fixture
def lake(platform: Platform) -> Platform:
    return changed(platform, "odp", {"dev": {"secondary": SECONDARY}})


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", EAST.account)
    with mock_aws():
        yield Account(EAST, boto3.Session(), "dev-admin")


def shown(steps: list[Step]) -> list[str]:
    return [step.shown() for step in steps]


def steps_in(lake: Platform, account: Account, place: Place) -> list[str]:
    return shown(bootstrap_steps(lake, lake.environments["dev"], account.at(place)))


def test_each_region_has_a_bootstrap_of_the_same_qualifier_with_policies_of_its_own(
    lake: Platform, account: Account
) -> None:
    attached = {}
    for place in (EAST, WEST):
        command = steps_in(lake, account, place)[-1]
        assert f" bootstrap aws://222222222222/{place.region} --qualifier odpdev " in command
        assert "--toolkit-stack-name CDKToolkit-odp-dev " in command
        policies = command.split("--cloudformation-execution-policies ")[1].split()[0].split(",")
        attached[place] = {arn.rsplit("/", 1)[-1] for arn in policies}
    parts = ("network", "storage", "identity", "processing", "experiments")
    assert attached[EAST] == {f"odp-dev-deployment-{part}" for part in parts}
    assert attached[WEST] == {f"odp-dev-us-west-2-deployment-{part}" for part in parts}


def test_a_secondary_leaves_the_primarys_policies_and_adds_one(platform: Platform, lake: Platform) -> None:
    before, after = (
        {policy.name for policy in policies_of(one, one.environments["dev"], EAST)} for one in (platform, lake)
    )
    assert after - before == {"odp-dev-deployment-experiments"}
    assert before < after


def test_policies_of_a_region_name_resources_of_that_region(lake: Platform) -> None:
    secondary = lake.environments["dev"].in_secondary()
    text = json.dumps([policy.document for policy in environment_policies(lake, secondary)])
    assert "us-west-2" in text
    assert "us-east-1" not in text


@pytest.mark.parametrize("place", [EAST, WEST])
def test_what_a_stack_makes_in_its_region_is_made_by_the_role_there_alone(lake: Platform, place: Place) -> None:
    for other in (EAST, WEST):
        table = f"arn:aws:dynamodb:{other.region}:222222222222:table/odpf_file_tracker"
        assert may(lake, place, "dynamodb:CreateTable", table) == (place == other)


def test_the_role_of_the_primary_makes_the_replica_of_the_table_of_regions(lake: Platform, platform: Platform) -> None:
    replica = "arn:aws:dynamodb:us-west-2:222222222222:table/odpf_region"
    needed = ("CreateTableReplica", "DeleteTableReplica", "DescribeTable", "UpdateTimeToLive", "PutItem", "Scan")
    assert [action for action in needed if not may(lake, EAST, f"dynamodb:{action}", replica)] == []
    assert not may(lake, EAST, "dynamodb:Scan", replica.replace("odpf_region", "odpf_file_tracker"))
    assert not may(lake, EAST, "dynamodb:Scan", "arn:aws:dynamodb:us-east-1:222222222222:table/odpf_file_tracker")
    assert "dynamodb:CreateTableReplica" not in allowed(platform, EAST) | allowed(lake, WEST)


def test_the_longest_names_leave_every_policy_short_enough_and_every_role_its_policies(platform: Platform) -> None:
    """Everything that adds a policy, with pipelines in the lake's own account."""
    replication = {"engine": "mysql", "network": "10.50.0.0/24", "secret": "source-database", "tls": "none"}
    fields: dict[str, Any] = {
        "account": PIPELINES.account,
        "removal_policy": "retain",
        "resource_prefix": "x" * 15 + "_",
        "catalog_names": [letter * 39 + "*" for letter in "abcd"],
        "interface_endpoints": ["secretsmanager"],
        "sources": {"d": {"replication": replication}},
        "secondary": {
            "region": "ap-southeast-3",
            "availability_zones": ["ap-southeast-3a", "ap-southeast-3b"],
            "vpc_cidr": "10.40.0.0/16",
        },
    }
    long = changed(platform, "p" * 11, {"e" * 10: fields})
    environment = long.environments["e" * 10]
    for place in Place.all_of(environment):
        policies = policies_of(long, environment, place)
        assert len(policies) <= MOST_POLICIES_OF_A_ROLE
        assert max(len(policy.text) for policy in policies) <= LONGEST_POLICY
        assert all(len(policy.name) <= 128 for policy in policies)
    assert len(boundary_of(long, environment).text) <= LONGEST_POLICY


def test_the_pipelines_bootstrap_makes_their_artifact_buckets_in_both_regions(lake: Platform) -> None:
    assert deployment_places(lake, lake.environments["dev"]) == [PIPELINES]
    names = [policy.name for policy in policies_of(lake, lake.environments["dev"], PIPELINES)]
    assert names == [
        f"odp-dev-pipelines-{region}-deployment-{part}"
        for region in ("us-east-1", "us-west-2")
        for part in ("delivery", "artifacts")
    ]


def test_a_sandbox_with_its_pipelines_in_its_account_has_one_bootstrap_in_each_region(platform: Platform) -> None:
    sandbox = changed(platform, "odp", {"dev": {"account": PIPELINES.account, "secondary": SECONDARY}})
    west = Place(PIPELINES.account, "us-west-2")
    assert deployment_places(sandbox, sandbox.environments["dev"]) == [PIPELINES, west]


def configuration_with(tmp_path: Path, **dev: Any) -> Path:
    document = json.loads(KNOWN.read_text())
    document["environments"]["dev"] |= dev
    path = tmp_path / "environments.json"
    path.write_text(json.dumps(document))
    return path


def test_the_target_account_is_bootstrapped_in_both_regions(tmp_path: Path, account: Account) -> None:
    assert account
    run = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(
        cli.app,
        ["target-account", "dev", "--dry-run", "--config", str(configuration_with(tmp_path, secondary=SECONDARY))],
    )
    assert run.exit_code == 0, run.output
    text = " ".join(run.output.split())
    for region in ("us-east-1", "us-west-2"):
        assert f" bootstrap aws://222222222222/{region} " in text
    assert text.index("aws://222222222222/us-east-1") < text.index("aws://222222222222/us-west-2")


def test_a_check_looks_into_both_regions(lake: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, str]] = []

    def look(subject: str, *_: object) -> Finding:
        return fine(subject, "looked")

    def bootstrap(*of_check: Any, mend: str) -> Iterator[Finding]:
        seen.append((of_check[2].place.region, mend))
        yield fine(of_check[3], "looked")

    monkeypatch.setattr(checks, "unless_unreachable", look)
    monkeypatch.setattr(checks, "_bootstrap", bootstrap)
    monkeypatch.setattr(checks, "quota_findings", lambda name, at, *_: [fine(f"{name}: quota", at.place.region)])
    credentials = Credentials({"222222222222": (boto3.Session(), None)})
    findings = list(checks.check(lake, credentials, [lake.environments["dev"]]))
    subjects = {finding.subject for finding in findings}
    for what in ("default security group", "Lake Formation", "default bootstrap", "quota"):
        assert {f"dev: {what}", f"dev in us-west-2: {what}"} <= subjects
    mend = "python -m scripts.bootstrap target-account dev"
    assert seen == [("us-east-1", mend), ("us-west-2", mend)]


class Empty(DeployedStack):
    """A stack that holds nothing which a tear-down keeps."""

    def resources(self, type_: str) -> list[str]:
        return []


Deploy = Callable[..., None]


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """Let stacks be found in a place, in the order in which they were made."""
    deployed: dict[Place, list[str]] = {}

    def found(account: Account, prefix: str) -> list[DeployedStack]:
        names = [name for name in deployed.get(account.place, []) if name.startswith(prefix)]
        return [Empty(name, is_protected=False, exports=(), client=None) for name in names]

    monkeypatch.setattr(tear_down, "stacks_of", found)
    return lambda place, *stacks: deployed.setdefault(place, []).extend(stacks)


def test_a_tear_down_takes_the_secondary_first(lake: Platform, account: Account, deploy: Deploy) -> None:
    deploy(EAST, "odp-dev-infra-Network", "odp-dev-infra-us-west-2-RegionLinkOfPrimary", "odp-dev-etl-Odp")
    deploy(WEST, "odp-dev-infra-us-west-2-Network", "odp-dev-etl-us-west-2-Odp")
    plans = plans_of(account, lake, lake.environments["dev"])
    assert [(plan.account.place, [stack.name for stack in plan.deleted]) for plan in plans] == [
        (WEST, ["odp-dev-etl-us-west-2-Odp", "odp-dev-infra-us-west-2-Network"]),
        (EAST, ["odp-dev-etl-Odp", "odp-dev-infra-us-west-2-RegionLinkOfPrimary", "odp-dev-infra-Network"]),
    ]
    regions = [
        line.split("--region ")[1].split()[0]
        for plan in plans
        for line in shown(plan.steps())
        if "delete-stack " in line
    ]
    assert regions == ["us-west-2"] * 2 + ["us-east-1"] * 3


def test_a_secondary_goes_alone_with_what_it_left_in_the_primary(
    lake: Platform, account: Account, deploy: Deploy
) -> None:
    deploy(EAST, "odp-dev-infra-Network", "odp-dev-infra-us-west-2-RegionLinkOfPrimary")
    deploy(WEST, "odp-dev-infra-us-west-2-Network")
    plans = plans_of(account, lake, lake.environments["dev"], secondary_alone=True)
    assert [[stack.name for stack in plan.deleted] for plan in plans] == [
        ["odp-dev-infra-us-west-2-Network"],
        ["odp-dev-infra-us-west-2-RegionLinkOfPrimary"],
    ]
    lines = [line for plan in plans for line in what_stays(plan, lake, lake.environments["dev"])]
    assert [line for line in lines if "aws://222222222222/us-west-2" in line and "odp-dev-us-west-2-deployment" in line]


def test_a_secondary_that_is_not_configured_is_not_taken_down(platform: Platform, account: Account) -> None:
    with pytest.raises(BootstrapError, match="dev has no secondary Region"):
        plans_of(account, platform, platform.environments["dev"], secondary_alone=True)


def test_whoever_names_a_secondary_region_is_asked_for_its_zones_and_network() -> None:
    document = json.loads(KNOWN.read_text())
    asked: list[str] = []

    def ask(text: str, proposed: str | None) -> str:
        asked.append(text)
        return proposed or ""

    result = configured(document, "dev", ["environment.secondary.region=us-west-2"], ask)
    assert [text for text in asked if "secondary" in text] == [
        "Availability zones of the secondary Region",
        "Network in the secondary Region",
    ]
    assert result["environments"]["dev"]["secondary"] == {
        "region": "us-west-2",
        "availability_zones": ["us-west-2a", "us-west-2b", "us-west-2c"],
        "vpc_cidr": "10.40.0.0/16",
    }
    assert Platform.model_validate(result).environments["dev"].in_secondary().region == "us-west-2"
    assert next_free_network(result) == "10.50.0.0/16"


def test_nobody_is_asked_about_a_secondary_that_nobody_named() -> None:
    document = json.loads(KNOWN.read_text())
    assert configured(document, "dev", [], None) == document


def test_names_of_both_regions_lie_within_what_the_bootstrap_of_each_may_change(lake: Platform) -> None:
    for there in lake.environments["dev"].regions:
        names = Names.of(lake, there)
        stacks = [f"{names.stage_id(component)}-Storage" for component in ("infra", "etl")]
        assert all(stack.startswith(names.generated.removesuffix("*")) for stack in stacks)

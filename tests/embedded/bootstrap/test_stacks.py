"""Which stacks a tear-down would take, in which order, and when it refuses."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from deployment_account.names import Names
from rehearsal.emulator.process import Emulator
from scripts.bootstrap.accounts import Account, Place
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.tear_down import TearDown, plan_tear_down

NAMES = Names("odp", "dev")
TOPIC = {"Type": "AWS::SNS::Topic"}
BUCKET = {"Type": "AWS::S3::Bucket"}
Deploy = Callable[..., None]


@pytest.fixture
def target(emulator: Emulator, account: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    for name, value in emulator.shell_environment(account).items():
        monkeypatch.setenv(name, value)
    return Account(Place(account, "us-east-1"), boto3.Session())


@pytest.fixture
def deploy(target: Account) -> Deploy:
    """Deploy a stack that exports its name and imports other stacks' names."""

    def run(name: str, *imports: str, resource: dict[str, Any] = TOPIC, protected: bool = False) -> None:
        needed = {
            f"Import{number}": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Type": "String", "Name": f"/{name}/{number}", "Value": {"Fn::ImportValue": exported}},
            }
            for number, exported in enumerate(imports)
        }
        template = {
            "Resources": {"Own": resource, **needed},
            "Outputs": {"Name": {"Value": {"Ref": "Own"}, "Export": {"Name": name}}},
        }
        client = target.client("cloudformation")
        client.create_stack(StackName=name, TemplateBody=json.dumps(template), EnableTerminationProtection=protected)
        client.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

    return run


def names_of(plan: TearDown) -> tuple[list[str], list[str]]:
    return [stack.name for stack in plan.deleted], [stack.name for stack in plan.kept]


def test_importers_go_before_what_they_import_from_whenever_they_were_created(target: Account, deploy: Deploy) -> None:
    deploy("odp-dev-etl-A")
    deploy("odp-dev-etl-B", "odp-dev-etl-A")
    deploy("odp-dev-infra-C")
    assert names_of(plan_tear_down(target, NAMES)) == (["odp-dev-etl-B", "odp-dev-etl-A", "odp-dev-infra-C"], [])


def test_a_stack_with_a_bucket_stays_and_so_does_what_it_imports_from(target: Account, deploy: Deploy) -> None:
    deploy("odp-dev-infra-Keys")
    deploy("odp-dev-infra-Network")
    deploy("odp-dev-infra-Storage", "odp-dev-infra-Keys", resource=BUCKET)
    expected = ["odp-dev-infra-Network"], ["odp-dev-infra-Storage", "odp-dev-infra-Keys"]
    assert names_of(plan_tear_down(target, NAMES)) == expected


def test_stacks_of_others_and_pipelines_are_left_alone(target: Account, deploy: Deploy) -> None:
    for name in ("odp-dev-infra-Pipeline", "odp-development-infra-Network", "odp-test-etl-Odp", "CDKToolkit"):
        deploy(name)
    assert names_of(plan_tear_down(target, NAMES)) == ([], [])


def test_a_protected_stack_stops_the_tear_down_before_it_begins(target: Account, deploy: Deploy) -> None:
    deploy("odp-dev-infra-Network", protected=True)
    with pytest.raises(BootstrapError, match="termination protection is on for odp-dev-infra-Network") as refusal:
        plan_tear_down(target, NAMES)
    assert "update-termination-protection --no-enable-termination-protection" in refusal.value.mend

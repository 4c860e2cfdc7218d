"""A check says fine only of what it saw; what AWS does not answer is neither fine nor wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from botocore.stub import Stubber

from deployment_account.environments import Platform
from deployment_account.names import Names
from scripts.bootstrap import cdk_cli, checks, quotas
from scripts.bootstrap.accounts import Account, Place, chosen_environment
from scripts.bootstrap.bootstrapping import deployment_places
from scripts.bootstrap.errors import BootstrapError
from scripts.bootstrap.findings import Finding, State, fine, print_findings, unknown, unless_unreachable, wrong
from scripts.bootstrap.quotas import Need
from tests.unit.scripts.bootstrap.conftest import text_of

if TYPE_CHECKING:
    from rich.console import Console

PROJECT = Path(__file__).resolve().parents[4]
PLACE = Place("111111111111", "us-east-1")


class Answering(Account):
    """An account whose one service answers what a test wants."""

    def client(self, service: str) -> Any:
        return _STUBBED[service]


_STUBBED: dict[str, Any] = {}


@contextmanager
def answering(service: str, operation: str, answer: dict[str, Any] | str) -> Iterator[Account]:
    client = boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]
    with Stubber(client) as stub:
        if isinstance(answer, str):
            stub.add_client_error(operation, answer, "no")
        else:
            stub.add_response(operation, answer)
        _STUBBED[service] = client
        yield Answering(PLACE, boto3.Session())
        del _STUBBED[service]


@pytest.mark.parametrize(("status", "state"), [("AVAILABLE", "✓"), ("PENDING", "✗"), ("ERROR", "✗")])
def test_a_connection_is_fine_only_when_it_is_available(platform: Platform, status: str, state: str) -> None:
    with answering("codeconnections", "get_connection", {"Connection": {"ConnectionStatus": status}}) as account:
        finding = checks._source(platform, account)
    assert finding.state == state
    assert status in finding.seen
    assert ("finish the connection" in finding.mend) == (state == "✗")


def test_a_codecommit_repository_is_looked_for_in_the_deployment_account(platform: Platform) -> None:
    raw = platform.model_dump(by_alias=True)
    raw["deployment"]["repository"] = {"provider": "codecommit", "name": "lake"}
    with answering("codecommit", "get_repository", {"repositoryMetadata": {}}) as account:
        finding = checks._source(Platform.model_validate(raw), account)
    assert finding == fine("source", "CodeCommit repository lake")


QUOTA = {"QuotaName": "VPCs per Region", "QuotaCode": "L-F678F1CE", "Value": 5.0}


@pytest.mark.parametrize(("amount", "state"), [(5, State.FINE), (6, State.WRONG)])
def test_a_quota_is_fine_when_the_need_fits(amount: int, state: State) -> None:
    with answering("service-quotas", "list_service_quotas", {"Quotas": [QUOTA]}) as account:
        finding = quotas._judge("VPCs", account, Need("vpc", "VPCs per Region", amount))
    assert finding.state is state
    assert finding.seen == f"5, needed {amount}"
    if state is State.WRONG:
        assert "request-service-quota-increase --service-code vpc --quota-code L-F678F1CE" in finding.mend
        assert "--desired-value 6 --region us-east-1" in finding.mend


def test_a_quota_that_nobody_knows_is_not_called_fine() -> None:
    with answering("service-quotas", "list_service_quotas", {"Quotas": []}) as account:
        assert quotas._judge("VPCs", account, Need("vpc", "VPCs per Region", 1)).state is State.UNKNOWN


class WithNetwork:
    def resources(self, type_: str) -> list[str]:
        return ["vpc-1"] if type_ == "AWS::EC2::VPC" else []


@pytest.mark.parametrize(("stacks", "vpcs"), [([], 3), ([WithNetwork()], 2)])
def test_a_network_that_is_there_already_needs_no_room(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, stacks: list[WithNetwork], vpcs: int
) -> None:
    monkeypatch.setattr(quotas, "stacks_of", lambda *_: stacks)
    environment = platform.environments["dev"]
    client = boto3.client("ec2", region_name="us-east-1")
    with Stubber(client) as stub:
        stub.add_response("describe_vpcs", {"Vpcs": [{}, {}]})
        stub.add_response("describe_addresses", {"Addresses": []})
        monkeypatch.setitem(_STUBBED, "ec2", client)
        account = Answering(PLACE, boto3.Session())
        found = {
            need.quota: need.amount for need in quotas.needs(account, environment, Names.of(platform, environment))
        }
    assert found["VPCs per Region"] == vpcs
    assert found["EC2-VPC Elastic IPs"] == 0
    assert found["Max concurrent job runs per account"] == environment.odp.max_concurrent_runs


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetConnection"),
        EndpointConnectionError(endpoint_url="https://nowhere"),
    ],
)
def test_what_cannot_be_asked_is_unknown_with_the_reason(error: Exception) -> None:
    def check() -> Finding:
        raise error

    finding = unless_unreachable("source", check)
    assert finding.state is State.UNKNOWN
    assert finding.seen.startswith("could not be checked: ")
    assert "AccessDenied" in finding.seen or "nowhere" in finding.seen


def test_a_table_shows_every_row_and_each_command_once(console: Console) -> None:
    rows = [fine("a", "good"), wrong("b", "bad", mend="mend it"), wrong("c", "bad", mend="mend it"), unknown("d", "x")]
    assert not print_findings(rows, console)
    lines = [line.split() for line in text_of(console).splitlines()]
    assert [line[:2] for line in lines[1:5]] == [["✓", "a"], ["✗", "b"], ["✗", "c"], ["?", "d"]]
    assert lines[5:] == [["mend", "it"]]


@pytest.mark.parametrize("rows", [[fine("a", "good")], [unknown("a", "no answer")]])
def test_nothing_is_wrong_unless_something_was_seen_to_be(console: Console, rows: list[Finding]) -> None:
    assert print_findings(rows, console)


@pytest.mark.parametrize(("installed", "state"), [(None, "✗"), ("3.0.0", "✗"), (cdk_cli.pinned_version(), "✓")])
def test_only_the_pinned_command_line_is_fine(
    monkeypatch: pytest.MonkeyPatch, installed: str | None, state: str
) -> None:
    monkeypatch.setattr(cdk_cli, "installed_version", lambda: installed)
    finding = checks._cli()
    assert finding.state == state
    assert ("install-cdk" in finding.mend) == (state == "✗")


@pytest.mark.parametrize(("answer", "state"), [("v24.1.0", "✓"), ("v22.0.0", "✓"), ("v20.20.2", "✗"), ("", "✗")])
def test_node_is_fine_from_the_version_that_the_apps_need(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, answer: str, state: str
) -> None:
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho {answer}\n")
    program.chmod(0o755)
    monkeypatch.setattr(cdk_cli, "node", lambda: program)
    assert checks._node().state == state


def test_another_command_line_than_the_pinned_one_is_never_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdk_cli, "installed_version", lambda: "3.0.0")
    with pytest.raises(BootstrapError, match=r"is 3\.0\.0, but package\.json pins 2\.1148\.1"):
        cdk_cli.cdk("bootstrap")


def test_without_an_npm_of_the_machine_that_of_the_wheel_installs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.delenv("JSII_NODE", raising=False)
    cdk_cli.node.cache_clear()
    program, npm, command = cdk_cli.installation().words
    cdk_cli.node.cache_clear()
    assert command == "ci"
    assert Path(program).is_file()
    assert Path(npm).is_file()


def test_an_app_is_deployed_from_its_folder_by_this_python_and_this_node() -> None:
    command = cdk_cli.cdk_of_app("infra-repo", "deploy", "**")
    assert command.folder == PROJECT / "infra-repo"
    assert Path(command.words[1]) == PROJECT / "node_modules" / "aws-cdk" / "bin" / "cdk"
    assert command.words[2:] == ("deploy", "**")
    assert command.variables["PATH"].startswith(str(Path(sys.executable).parent))


def test_the_profile_is_handed_to_the_command_line() -> None:
    assert cdk_cli.cdk("bootstrap", profile="p").words[-2:] == ("--profile", "p")


def test_the_lock_file_pins_the_command_line_by_content_and_names_no_address() -> None:
    lock = json.loads((PROJECT / "package-lock.json").read_text())["packages"]["node_modules/aws-cdk"]
    assert lock["version"] == cdk_cli.pinned_version()
    assert lock["integrity"].startswith("sha512-")
    assert "resolved" not in lock


def test_the_deployment_account_is_bootstrapped_in_every_region_that_it_deploys_to(platform: Platform) -> None:
    raw = platform.model_dump(by_alias=True)
    raw["environments"]["dev"] |= {"region": "eu-west-1", "availability_zones": ["eu-west-1a"]}
    places = deployment_places(Platform.model_validate(raw))
    assert places == [PLACE, Place("111111111111", "eu-west-1")]


def test_an_environment_that_is_not_configured_is_told_with_those_that_are(platform: Platform) -> None:
    with pytest.raises(BootstrapError, match="there is no environment staging; there are dev, test, prod") as refusal:
        chosen_environment(platform, "staging")
    assert "configure" in refusal.value.mend

"""A quota is fine when what an environment needs fits, on top of what is there."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.stub import Stubber

from deployment_account.environments import Platform
from deployment_account.names import Names
from scripts.bootstrap import quotas
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.findings import State
from scripts.bootstrap.quotas import Need
from tests.tools.scripts.bootstrap.answers import PLACE, STUBBED, THROTTLED, UNREACHABLE, Answering, answering, failing

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
        monkeypatch.setitem(STUBBED, "ec2", client)
        account = Answering(PLACE, boto3.Session())
        found = {
            need.quota: need.amount for need in quotas.needs(account, environment, Names.of(platform, environment))
        }
    assert found["VPCs per Region"] == vpcs
    assert found["EC2-VPC Elastic IPs"] == 0
    assert found["Max concurrent job runs per account"] == environment.odp.max_concurrent_runs


def test_needs_cover_what_new_accounts_have_little_of(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Audit L2: Glue's DPUs and Lambda's concurrency; 20 runs of 10 G.1X, and 2 datasets of 5."""
    monkeypatch.setattr(quotas, "stacks_of", lambda *_: [])
    client = boto3.client("ec2", region_name="us-east-1")
    environment = platform.environments["dev"]
    with Stubber(client) as stub:
        stub.add_response("describe_vpcs", {"Vpcs": []})
        stub.add_response("describe_addresses", {"Addresses": []})
        monkeypatch.setitem(STUBBED, "ec2", client)
        wanted = quotas.needs(Answering(PLACE, boto3.Session()), environment, Names.of(platform, environment))
    found = {(need.service, need.quota): need.amount for need in wanted}
    odp = environment.odp
    of_odp = odp.max_concurrent_runs * odp.cadence_defaults.glue_job_max_workers
    assert found["glue", "Max task DPUs per account"] == of_odp + 2 * environment.taxi.workers
    assert found["lambda", "Concurrent executions"] > 10, "what a new account has"


@pytest.mark.parametrize(
    ("worker_type", "cap", "expected"),
    [("G.2X", 299, 20 * 10 * 2), ("R.8X", 299, 20 * 10 * 8), ("G.025X", 299, 20 * 10 / 4), ("G.1X", 3, 20 * 3)],
)
def test_dpus_follow_the_worker_type_and_the_cap_on_workers(
    platform: Platform, worker_type: str, cap: int, expected: float
) -> None:
    raw = platform.model_dump(by_alias=True)
    sizes = {"glue_job_worker_type": worker_type, "glue_job_max_workers": 10}
    raw["environments"]["dev"]["odp"] |= {
        "max_concurrent_runs": 20, "max_workers_per_run": cap, "cadence_defaults": sizes
    }  # fmt: skip
    raw["environments"]["dev"]["taxi"] |= {"workers": 2, "worker_type": "G.1X"}
    assert quotas.dpus(Platform.model_validate(raw).environments["dev"]) == expected + 4


@pytest.mark.parametrize(("allowed", "state"), [(0.0, State.WRONG), (1.0, State.FINE)])
def test_the_account_of_the_pipelines_has_one_build_of_each_size_or_is_told_how_to_ask(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, allowed: float, state: State
) -> None:
    client = boto3.client("service-quotas", region_name="us-east-1")
    with Stubber(client) as stub:
        for size in ("Medium", "Large"):
            name = f"Concurrently running builds for Linux/{size} environment"
            answer = {"Quotas": [{"QuotaName": name, "QuotaCode": f"L-{size}", "Value": allowed}]}
            stub.add_response("list_service_quotas", answer, {"ServiceCode": "codebuild"})
        monkeypatch.setitem(STUBBED, "service-quotas", client)
        there = Answering(PLACE, boto3.Session())
        findings = list(quotas.build_quota_findings("dev pipelines", there, platform, platform.environments["dev"]))
    assert [finding.state for finding in findings] == [state] * 2
    assert {finding.subject for finding in findings} == {
        f"dev pipelines: Concurrently running builds for Linux/{size} environment (codebuild)"
        for size in ("Medium", "Large")
    }
    if state is State.WRONG:
        assert "--service-code codebuild --quota-code L-Medium --desired-value 1" in findings[0].mend


@pytest.mark.parametrize(
    ("branches", "elsewhere", "expected"),
    [(("main", "test", "prod"), False, 1), (("main", "main", "prod"), False, 2), (("main",) * 3, False, 3),
     (("main",) * 3, True, 2)],
)  # fmt: skip
def test_a_push_to_a_trunk_takes_a_build_for_each_environment_whose_pipelines_are_there(
    platform: Platform, branches: tuple[str, ...], elsewhere: bool, expected: int
) -> None:
    raw = platform.model_dump(by_alias=True)
    for environment, branch in zip(raw["environments"].values(), branches, strict=True):
        environment["branch"] = branch
    if elsewhere:
        deployment = json.dumps(raw["deployment"]).replace(raw["deployment"]["account"], "666666666666")
        raw["environments"]["prod"]["deployment"] = json.loads(deployment)
    changed = Platform.model_validate(raw)
    assert {need.amount for need in quotas.build_needs(changed, changed.environments["dev"])} == {expected}


@pytest.mark.parametrize("error", [UNREACHABLE, THROTTLED])
def test_needs_that_cannot_be_seen_are_one_unknown(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(quotas, "needs", failing(error))
    environment = platform.environments["dev"]
    account = Account(PLACE, boto3.Session())
    (finding,) = quotas.quota_findings("dev", account, environment, Names.of(platform, environment))
    assert (finding.subject, finding.state) == ("dev: quotas", State.UNKNOWN)

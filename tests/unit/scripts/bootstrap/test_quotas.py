"""A quota is fine when what an environment needs fits, on top of what is there."""

from __future__ import annotations

import boto3
import pytest
from botocore.stub import Stubber

from deployment_account.environments import Platform
from deployment_account.names import Names
from scripts.bootstrap import quotas
from scripts.bootstrap.accounts import Account
from scripts.bootstrap.findings import State
from scripts.bootstrap.quotas import Need
from tests.unit.scripts.bootstrap.answers import PLACE, STUBBED, THROTTLED, UNREACHABLE, Answering, answering, failing

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


@pytest.mark.parametrize("error", [UNREACHABLE, THROTTLED])
def test_needs_that_cannot_be_seen_are_one_unknown(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(quotas, "needs", failing(error))
    environment = platform.environments["dev"]
    account = Account(PLACE, boto3.Session())
    (finding,) = quotas.quota_findings(account, environment, Names.of(platform, environment))
    assert (finding.subject, finding.state) == ("dev: quotas", State.UNKNOWN)

"""In prod jobs and functions run in the private subnets, reach what they call, and their roles work nowhere else."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.configuration import PROJECT
from tests.synth.configurations import known, synthesised
from tests.synth.conftest import Synthesis
from tests.synth.synthesis import ACCOUNTS, Template

SOURCE = PROJECT / "etl-repo" / "src"
ENDPOINT_OF = {"stepfunctions": "states"}
"""Where the name of a service's endpoint is not that of its client."""
DELIVERY = "ConfigManagerDelivery"
"""It answers CloudFormation in a bucket of AWS's."""
STACKS = ("Odp", "Taxi")


@pytest.fixture(scope="module")
def prod(synthesis: Synthesis) -> Mapping[str, Template]:
    return {stack: synthesis.templates[f"odp-prod-etl-{stack}"] for stack in STACKS}


@pytest.fixture(scope="module")
def prods_network(synthesis: Synthesis) -> Template:
    return synthesis.templates["odp-prod-infra-Network"]


def resources(stacks: Mapping[str, Template], type_: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for template in stacks.values():
        yield from template.resources(type_).items()


def shared(template: Template, reference: Any) -> str:
    """The path under which the infra stage publishes what a template refers to."""
    return str(template.body["Parameters"][reference["Ref"]]["Default"])


def test_every_function_but_the_one_that_answers_cloudformation_runs_in_the_private_subnets(
    prod: Mapping[str, Template],
) -> None:
    inside: list[str] = []
    outside: list[str] = []
    for template in prod.values():
        for id_, function in template.resources("AWS::Lambda::Function").items():
            (inside if "VpcConfig" in function else outside).append(id_)
            if config := function.get("VpcConfig"):
                assert [int(one["Fn::Select"][0]) for one in config["SubnetIds"]] == [0, 1, 2]
                (group,) = config["SecurityGroupIds"]
                assert shared(template, group) == "/odp/prod/network/function-security-group-id"
    assert inside
    assert [id_[: len(DELIVERY)] for id_ in outside] == [DELIVERY]


def test_every_job_names_the_connection_of_each_zone(prod: Mapping[str, Template], prods_network: Template) -> None:
    made = [one["ConnectionInput"] for one in prods_network.resources("AWS::Glue::Connection").values()]
    jobs = [job for _, job in resources(prod, "AWS::Glue::Job")]
    assert jobs
    for job in jobs:
        assert job["Connections"] == {"Connections": [one["Name"] for one in made]}


def test_a_connection_leads_into_the_private_subnet_of_its_zone(prods_network: Template) -> None:
    subnets = prods_network.resources("AWS::EC2::Subnet")
    connections = prods_network.resources("AWS::Glue::Connection").values()
    assert len(connections) == 3
    for connection in connections:
        assert connection["CatalogId"] == ACCOUNTS["prod"]
        given = connection["ConnectionInput"]
        assert given["ConnectionType"] == "NETWORK"
        physical = given["PhysicalConnectionRequirements"]
        zone = physical["AvailabilityZone"]
        assert given["Name"] == f"odpf_private_{zone}"
        assert subnets[physical["SubnetId"]["Ref"]]["AvailabilityZone"] == zone
        (group,) = physical["SecurityGroupIdList"]
        assert group["Fn::GetAtt"][0].startswith("GlueConnections")


@pytest.mark.parametrize("environment", ["dev", "test"])
def test_elsewhere_nothing_runs_in_the_network_and_nothing_is_made_for_it(
    synthesis: Synthesis, environment: str
) -> None:
    for name, template in synthesis.templates.items():
        if name.startswith(f"odp-{environment}-") and not name.endswith("-Pipeline"):
            text = json.dumps(template.body)
            for word in ("VpcConfig", "Glue::Connection", "private-network", "SourceVpc", "VpceAccount"):
                assert word not in text, name


# what the code calls, and what it reaches


def imports(module: Path) -> Iterator[Path]:
    """The modules of the runtime that a module imports, wherever it does."""
    for node in ast.walk(ast.parse(module.read_text())):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            path = SOURCE.joinpath(*name.split("."))
            yield from (found for found in (path.with_suffix(".py"), path / "__init__.py") if found.is_file())


def services(*entries: Path) -> set[str]:
    """The services for which the modules that these entries import make clients."""
    seen: set[Path] = set()
    waiting, found = list(entries), set()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        waiting += imports(module)
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("boto3.client", "boto3.resource"):
                (service,) = [one.value for one in node.args[:1] if isinstance(one, ast.Constant)]
                found.add(ENDPOINT_OF.get(str(service), str(service)))
    return found


def entries_of_functions(prod: Mapping[str, Template]) -> list[Path]:
    handlers = [one["Handler"] for _, one in resources(prod, "AWS::Lambda::Function") if "VpcConfig" in one]
    return [SOURCE.joinpath(*handler.split(".")[:-1]).with_suffix(".py") for handler in handlers]


def entries_of_jobs() -> list[Path]:
    return sorted(SOURCE.glob("*/*/job.py"))


def service_of(endpoint: Mapping[str, Any]) -> str:
    return json.dumps(endpoint["ServiceName"]).rsplit(".", 1)[-1].strip('"]}')


def reached(network: Template, caller: str) -> set[str]:
    """The services whose interface endpoints a group may call, by the rules of both groups."""
    rules = network.resources("AWS::EC2::SecurityGroupIngress").values()
    let_in = {one["GroupId"]["Fn::GetAtt"][0] for one in rules if of_group(one["SourceSecurityGroupId"], caller)}
    rules = network.resources("AWS::EC2::SecurityGroupEgress").values()
    let_out = {
        one["DestinationSecurityGroupId"]["Fn::GetAtt"][0]
        for one in rules
        if of_group(one["GroupId"], caller) and "DestinationSecurityGroupId" in one
    }
    return {
        service_of(endpoint)
        for endpoint in network.resources("AWS::EC2::VPCEndpoint").values()
        for group in endpoint.get("SecurityGroupIds", ())
        if group["Fn::GetAtt"][0] in let_in & let_out
    }


def of_group(reference: Mapping[str, Any], name: str) -> bool:
    return str(reference["Fn::GetAtt"][0]).startswith(name)


def gateways(network: Template) -> set[str]:
    endpoints = network.resources("AWS::EC2::VPCEndpoint").values()
    return {service_of(one) for one in endpoints if one["VpcEndpointType"] == "Gateway"}


def test_functions_reach_the_services_for_which_their_code_makes_clients_and_no_others(
    prod: Mapping[str, Template], prods_network: Template
) -> None:
    called = services(*entries_of_functions(prod))
    assert {"dynamodb", "s3", "sns", "states"} <= called, "the code is really read"
    called |= {"glue"}  # by pyiceberg, whose client the code does not make itself
    called -= {"dms"}  # this environment has no replication; test_replication.py knows one that has
    assert gateways(prods_network) | reached(prods_network, "Functions") == called


def test_jobs_reach_the_services_for_which_their_code_makes_clients_the_catalog_and_their_logs(
    prod: Mapping[str, Template], prods_network: Template
) -> None:
    called = services(*entries_of_jobs())
    assert {"dynamodb", "s3"} <= called
    for _, job in resources(prod, "AWS::Glue::Job"):
        arguments = job["DefaultArguments"]
        assert "--enable-glue-datacatalog" in arguments or "GlueCatalog" in json.dumps(arguments["--conf"])
        assert "--custom-logGroup-prefix" in arguments
    reach = gateways(prods_network) | reached(prods_network, "GlueConnections")
    assert reach == called | {"glue", "logs"}


def test_a_client_of_another_service_is_noticed(tmp_path: Path) -> None:
    module = tmp_path / "new.py"
    module.write_text("import boto3\n\ndef call():\n    return boto3.client('sns')\n")
    assert services(module) == {"sns"}


# what is let out, and what is let in


def egress(network: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for id_, group in network.resources("AWS::EC2::SecurityGroup").items():
        for rule in group.get("SecurityGroupEgress", ()):
            yield id_, rule
    for rule in network.resources("AWS::EC2::SecurityGroupEgress").values():
        yield rule["GroupId"]["Fn::GetAtt"][0], rule


NOBODY = "255.255.255.255/32"
"""What CDK writes for a group that lets nothing out, in place of EC2's default, which lets out everything."""


def test_nothing_leaves_for_the_internet(prods_network: Template) -> None:
    assert not prods_network.types() & {"AWS::EC2::InternetGateway", "AWS::EC2::NatGateway"}
    rules = list(egress(prods_network))
    assert {rule.get("CidrIp", NOBODY) for _, rule in rules} == {NOBODY}
    assert not [rule for _, rule in rules if "CidrIpv6" in rule]
    with_rules = {group for group, _ in rules}
    assert with_rules == set(prods_network.resources("AWS::EC2::SecurityGroup")), "none has EC2's default rule"


def test_jobs_and_functions_go_out_to_s3_dynamodb_and_endpoints_and_jobs_to_each_other(prods_network: Template) -> None:
    for group, rule in egress(prods_network):
        if group.startswith(("Functions", "GlueConnections")) and rule.get("CidrIp") != NOBODY:
            to_itself = rule.get("DestinationSecurityGroupId") == {"Fn::GetAtt": [group, "GroupId"]}
            ports = (0, 65535) if to_itself else (443, 443)
            assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == ("tcp", *ports), group
    for name in ("Functions", "GlueConnections"):
        found = {rule.get("DestinationPrefixListId") for group, rule in egress(prods_network) if group.startswith(name)}
        assert {"pl-63a5400a", "pl-02cd2c6b"} <= found


def test_every_endpoint_lets_through_this_account_alone(prods_network: Template) -> None:
    own = ACCOUNTS["prod"]
    for endpoint in prods_network.resources("AWS::EC2::VPCEndpoint").values():
        (statement,) = endpoint["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Allow"
        conditions = statement["Condition"]
        assert conditions["StringEquals"]["aws:PrincipalAccount"] == own
        assert {"aws:ResourceAccount": own}.items() <= {
            **conditions["StringEquals"],
            **conditions.get("StringEqualsIfExists", {}),
        }.items()


BUCKETS = {"AccessLogs", "AthenaResults", "Config", "Conformed", "PurposeBuilt", "Raw", "Staging"}


def test_buckets_let_jobs_and_functions_in_by_the_endpoints_alone(synthesis: Synthesis) -> None:
    policies = synthesis.templates["odp-prod-infra-Storage"].resources("AWS::S3::BucketPolicy")
    assert {id_.split("Policy")[0] for id_ in policies} == BUCKETS
    for policy in policies.values():
        statements = policy["PolicyDocument"]["Statement"]
        (denied,) = [one for one in statements if one.get("Sid") == "OnlyThroughTheNetwork"]
        assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", {"AWS": "*"}, "s3:*")
        assert len(denied["Resource"]) == 2, "the bucket and its objects"
        assert denied["Condition"] == {
            "StringEquals": {"aws:PrincipalTag/odp:private-network": "odp-prod"},
            "StringNotEqualsIfExists": {"aws:VpceAccount": ACCOUNTS["prod"]},
            "BoolIfExists": {"aws:ViaAWSService": "false"},
        }


def test_the_roles_of_what_runs_in_the_network_are_marked_and_no_others(prod: Mapping[str, Template]) -> None:
    """The buckets of data know them by the mark: a role without it would work from anywhere."""
    for template in prod.values():
        inside = {
            one["Role"]["Fn::GetAtt"][0]
            for type_, place in (("AWS::Lambda::Function", "VpcConfig"), ("AWS::Glue::Job", "Connections"))
            for one in template.resources(type_).values()
            if place in one
        }
        marked = {
            id_
            for id_, role in template.resources("AWS::IAM::Role").items()
            if {"Key": "odp:private-network", "Value": "odp-prod"} in role.get("Tags", [])
        }
        assert inside == marked
        services_of = {
            id_: role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"].get("Service", "people")
            for id_, role in template.resources("AWS::IAM::Role").items()
        }
        code = {
            id_ for id_, service in services_of.items() if service in ("lambda.amazonaws.com", "glue.amazonaws.com")
        }
        assert [id_ for id_ in code - marked if not id_.startswith(DELIVERY)] == []


def denials(template: Template) -> Iterator[tuple[str, dict[str, Any]]]:
    for policy in template.resources("AWS::IAM::Policy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny":
                yield policy["Roles"][0]["Ref"], statement


def test_code_makes_no_interfaces_and_calls_nothing_from_elsewhere(prod: Mapping[str, Template]) -> None:
    seen: dict[str, list[str]] = {}
    for template in prod.values():
        for role, statement in denials(template):
            seen.setdefault(role, []).append(statement["Sid"])
            is_job = "Jobs" in role
            assert statement["Resource"] == "*"
            condition = dict(statement["Condition"])
            in_code = (
                {"StringEquals": {"glue:CredentialIssuingService": "glue.amazonaws.com"}}
                if is_job
                else {
                    "ArnLike": {
                        "lambda:SourceFunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNTS['prod']}:function:odp-prod-*"
                    }
                }
            )
            if statement["Sid"] == "OnlyFromThisNetwork":
                assert all(action.startswith("logs:") for action in statement["NotAction"])
                vpc = condition.pop("StringNotEqualsIfExists")["aws:SourceVpc"]
                assert shared(template, vpc) == "/odp/prod/network/vpc-id"
                assert condition.pop("BoolIfExists") == {"aws:ViaAWSService": "false"}
                assert condition == (in_code if is_job else {"Null": {"lambda:SourceFunctionArn": "false"}})
            else:
                assert {"ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"} < set(statement["Action"])
                assert condition == in_code
    assert seen
    both = ["InterfacesAreMadeByTheServiceAlone", "OnlyFromThisNetwork"]
    assert [role for role, sids in seen.items() if sorted(sids) != both] == [], "each role is denied both"


def test_interfaces_are_made_in_the_private_subnets_with_one_group(prod: Mapping[str, Template]) -> None:
    for template in prod.values():
        for policy in template.resources("AWS::IAM::Policy").values():
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow" and "ec2:CreateNetworkInterface" in statement["Action"]:
                    kinds = [
                        json.dumps(one).split(f"{ACCOUNTS['prod']}:")[1].split("/")[0] for one in statement["Resource"]
                    ]
                    assert sorted(kinds) == ["network-interface", "security-group", "subnet", "subnet", "subnet"]


# by configuration


def test_dev_gets_one_by_configuration(tmp_path: Path) -> None:
    document = known()
    document["environments"] = {"dev": document["environments"]["dev"] | {"private_network": True}}
    infra = synthesised(document, tmp_path)
    assert len(infra["odp-dev-infra-Network"].resources("AWS::Glue::Connection")) == 3
    assert "VpceAccount" in json.dumps(infra["odp-dev-infra-Storage"].body)


def test_endpoints_that_are_configured_besides_serve_jobs(tmp_path: Path) -> None:
    document = known()
    more = {"interface_endpoints": ["kms"]}
    document["environments"] = {"prod": document["environments"]["prod"] | more}
    network = synthesised(document, tmp_path)["odp-prod-infra-Network"]
    assert reached(network, "GlueConnections") == {"glue", "kms", "logs"}
    assert reached(network, "Functions") == {"glue", "sns", "states"}

"""Templates with the types that ministack refuses by itself."""

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

NETWORK = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
    "Subnet": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.1.0/24"},
    },
    "Group": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": "endpoints",
            "VpcId": {"Ref": "Vpc"},
            "SecurityGroupIngress": [
                {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": {"Fn::GetAtt": ["Vpc", "CidrBlock"]}}
            ],
        },
    },
    "FromItself": {
        "Type": "AWS::EC2::SecurityGroupIngress",
        "Properties": {
            "GroupId": {"Fn::GetAtt": ["Group", "GroupId"]},
            "SourceSecurityGroupId": {"Fn::GetAtt": ["Group", "GroupId"]},
            "IpProtocol": "tcp",
            "FromPort": 0,
            "ToPort": 65535,
        },
    },
    "Address": {"Type": "AWS::EC2::EIP", "Properties": {"Domain": "vpc"}},
    "Gateway": {
        "Type": "AWS::EC2::NatGateway",
        "Properties": {"SubnetId": {"Ref": "Subnet"}, "AllocationId": {"Fn::GetAtt": ["Address", "AllocationId"]}},
    },
    "FlowLog": {
        "Type": "AWS::EC2::FlowLog",
        "Properties": {
            "ResourceId": {"Ref": "Vpc"},
            "ResourceType": "VPC",
            "TrafficType": "REJECT",
            "LogDestinationType": "s3",
            "LogDestination": "arn:aws:s3:::logs",
        },
    },
}
SECURITY = {
    "Security": {
        "Type": "AWS::Glue::SecurityConfiguration",
        "Properties": {
            "Name": "jobs",
            "EncryptionConfiguration": {"S3Encryptions": [{"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": "arn:key/1"}]},
        },
    }
}

QUERY = {
    "Busiest": {
        "Type": "AWS::Athena::NamedQuery",
        "Properties": {"Name": "busiest", "Database": "taxi", "QueryString": "SELECT 1", "WorkGroup": "primary"},
    }
}


@pytest.fixture
def stack(aws: Callable[[str], Any]) -> Callable[[dict[str, Any]], Any]:
    """Create or update the stack `types`, or delete it when it is to hold nothing."""
    cloudformation = aws("cloudformation")

    def bring_to(resources: dict[str, Any]) -> None:
        exists = any(found["StackName"] == "types" for found in cloudformation.describe_stacks()["Stacks"])
        step = "delete" if not resources else "update" if exists else "create"
        body = {} if step == "delete" else {"TemplateBody": json.dumps({"Resources": resources})}
        getattr(cloudformation, f"{step}_stack")(StackName="types", **body)
        cloudformation.get_waiter(f"stack_{step}_complete").wait(StackName="types", WaiterConfig={"Delay": 1})

    return bring_to


def test_a_network_is_really_made_and_really_removed(
    stack: Callable[[dict[str, Any]], None], aws: Callable[[str], Any]
) -> None:
    ec2 = aws("ec2")
    stack(NETWORK)
    (address,) = ec2.describe_addresses()["Addresses"]
    (gateway,) = ec2.describe_nat_gateways()["NatGateways"]
    assert gateway["State"] == "available"
    assert address["AllocationId"]
    (flow_log,) = ec2.describe_flow_logs()["FlowLogs"]
    assert flow_log["TrafficType"] == "REJECT"
    assert _ingress(ec2) == [("10.9.0.0/16", 443), ("itself", 65535)]

    stack({})
    assert ec2.describe_addresses()["Addresses"] == []
    assert ec2.describe_flow_logs()["FlowLogs"] == []
    assert {found["State"] for found in ec2.describe_nat_gateways()["NatGateways"]} <= {"deleted"}


def test_a_rule_taken_from_the_template_is_revoked_and_the_groups_own_rule_stays(
    stack: Callable[[dict[str, Any]], None], aws: Callable[[str], Any]
) -> None:
    stack(NETWORK)
    stack({name: resource for name, resource in NETWORK.items() if name != "FromItself"})
    assert _ingress(aws("ec2")) == [("10.9.0.0/16", 443)]


def test_a_security_configuration_is_made_changed_and_removed(
    stack: Callable[[dict[str, Any]], None], aws: Callable[[str], Any]
) -> None:
    def keys() -> list[str]:
        found = aws("glue").get_security_configurations()["SecurityConfigurations"]
        return [configuration["EncryptionConfiguration"]["S3Encryption"][0]["KmsKeyArn"] for configuration in found]

    stack(SECURITY)
    assert keys() == ["arn:key/1"]
    changed = json.loads(json.dumps(SECURITY).replace("arn:key/1", "arn:key/2"))
    stack(changed)
    assert keys() == ["arn:key/2"]
    stack({"Topic": {"Type": "AWS::SNS::Topic"}})
    assert keys() == []


def test_a_named_query_is_made_changed_and_removed(
    stack: Callable[[dict[str, Any]], None], aws: Callable[[str], Any]
) -> None:
    def queries() -> list[tuple[str, str]]:
        athena = aws("athena")
        ids = athena.list_named_queries(WorkGroup="primary")["NamedQueryIds"]
        found = [athena.get_named_query(NamedQueryId=each)["NamedQuery"] for each in ids]
        return [(query["Name"], query["QueryString"]) for query in found]

    stack(QUERY)
    assert queries() == [("busiest", "SELECT 1")]
    stack(json.loads(json.dumps(QUERY).replace("SELECT 1", "SELECT 2")))
    assert queries() == [("busiest", "SELECT 2")]
    stack({"Topic": {"Type": "AWS::SNS::Topic"}})
    assert queries() == []


def test_a_bucket_deployment_unpacks_its_files_under_the_prefix(
    stack: Callable[[dict[str, Any]], None], aws: Callable[[str], Any], bucket: str
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("tables/a.json", "{}")
    aws("s3").put_object(Bucket=bucket, Key="asset.zip", Body=archive.getvalue())
    stack({"Files": _bucket_deployment(bucket)})
    assert aws("s3").get_object(Bucket=bucket, Key="manifests/tables/a.json")["Body"].read() == b"{}"

    stack({})
    assert "Contents" in aws("s3").list_objects_v2(Bucket=bucket, Prefix="manifests/"), "retained unless told otherwise"


def test_a_bucket_deployment_removes_its_files_when_told_so(
    stack: Callable[[dict[str, Any]], None], aws: Callable[[str], Any], bucket: str
) -> None:
    aws("s3").put_object(Bucket=bucket, Key="asset.zip", Body=b"as it is")
    stack({"Files": _bucket_deployment(bucket, Extract="false", RetainOnDelete="false")})
    assert aws("s3").list_objects_v2(Bucket=bucket, Prefix="manifests/")["KeyCount"] == 1
    stack({})
    assert aws("s3").list_objects_v2(Bucket=bucket, Prefix="manifests/")["KeyCount"] == 0


@pytest.mark.parametrize("kind", ["AWS::EC2::TransitGateway", "AWS::Glue::DevEndpoint", "AWS::EC2::Misspelt"])
def test_an_unknown_type_stays_refused(kind: str, aws: Callable[[str], Any]) -> None:
    body = json.dumps({"Resources": {"Unknown": {"Type": kind}}})
    with pytest.raises(ClientError, match=rf"Unrecognized resource types: \[{kind}\]"):
        aws("cloudformation").create_stack(StackName="unknown", TemplateBody=body)


def _bucket_deployment(bucket: str, **properties: str) -> dict[str, Any]:
    return {
        "Type": "Custom::CDKBucketDeployment",
        "Properties": {
            "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:never-called",
            "SourceBucketNames": [bucket],
            "SourceObjectKeys": ["asset.zip"],
            "DestinationBucketName": bucket,
            "DestinationBucketKeyPrefix": "manifests",
            **properties,
        },
    }


def _ingress(ec2: Any) -> list[tuple[str, int]]:
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["types-Group"]}])["SecurityGroups"]
    rules = [rule for group in groups for rule in group["IpPermissions"]]
    ranges = [(found["CidrIp"], rule["ToPort"]) for rule in rules for found in rule.get("IpRanges", [])]
    pairs = [("itself", rule["ToPort"]) for rule in rules if rule.get("UserIdGroupPairs")]
    return sorted(ranges + pairs)

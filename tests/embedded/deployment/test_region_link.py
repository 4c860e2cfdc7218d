"""Both Regions' infrastructure, deployed as synthesised: the link's function sets the replication, and it works.

The emulator takes a rule only if its destination exists and has versions, and judges the function by its role.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deployment_account.environments import load_platform
from deployment_account.names import Names
from rehearsal.demo.configuration import changed_configuration
from rehearsal.demo.workspace import ENVIRONMENT
from rehearsal.deployment.assembly import synthesise
from rehearsal.deployment.deployer import deploy
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings

PRIMARY, SECONDARY = REGIONS = ("us-east-1", "us-west-2")
OTHER = {PRIMARY: SECONDARY, SECONDARY: PRIMARY}
Client = Callable[[str, str], Any]
SETTINGS = {
    "region": SECONDARY,
    "availability_zones": [f"{SECONDARY}a", f"{SECONDARY}b"],
    "vpc_cidr": "10.90.0.0/16",
}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Names]]:
    """Clients by service and Region, and the names of the lake."""
    folder = tmp_path_factory.mktemp("two-regions")
    configuration = changed_configuration(folder, secondary=SETTINGS).resolve()
    platform = load_platform(configuration)
    account = platform.environments[ENVIRONMENT].account
    with Emulator(EmulatorSettings(run_directory=folder / "emulator")) as emulator:
        infra = synthesise(ENVIRONMENT, folder / "assemblies", context={"environments": str(configuration)})[0]
        deploy(infra, emulator)
        names = Names.of(platform, platform.environments[ENVIRONMENT])
        yield lambda service, region: emulator.client(service, account=account, region=region), names


@pytest.fixture
def client(lake: tuple[Client, Names]) -> Client:
    return lake[0]


@pytest.fixture
def published(lake: tuple[Client, Names]) -> Callable[[str, str], str]:
    """What a Region has published under a name."""
    client, names = lake

    def value(region: str, name: str) -> str:
        found = client("ssm", region).get_parameter(Name=names.parameter(name))
        return str(found["Parameter"]["Value"])

    return value


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(("bucket", "prefix"), [("staging", ""), ("raw", "nyc-taxi/")])
def test_each_bucket_replicates_to_the_other_region_under_the_key_there(
    client: Client, published: Callable[[str, str], str], region: str, bucket: str, prefix: str
) -> None:
    own, partner = (published(each, f"buckets/{bucket}") for each in (region, OTHER[region]))
    found = client("s3", region).get_bucket_replication(Bucket=own)["ReplicationConfiguration"]
    (rule,) = found["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["Filter"] == {"Prefix": prefix}
    assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::{partner}"
    key = published(OTHER[region], "kms/data-key-arn")
    assert rule["Destination"]["EncryptionConfiguration"]["ReplicaKmsKeyID"] == key
    assert f":{OTHER[region]}:" in key
    assert published(region, f"partner/buckets/{bucket}") == partner


@pytest.mark.parametrize("region", REGIONS)
def test_a_file_that_lands_is_in_the_other_region_in_the_same_version(
    client: Client, published: Callable[[str, str], str], region: str
) -> None:
    own, partner = (published(each, "buckets/staging") for each in (region, OTHER[region]))
    key = f"sales/orders/LOAD0000000{REGIONS.index(region)}.parquet"
    version = client("s3", region).put_object(Bucket=own, Key=key, Body=b"rows")["VersionId"]
    replica = _waited_for(client("s3", OTHER[region]), partner, key)
    assert replica["VersionId"] == version
    assert replica["ReplicationStatus"] == "REPLICA"


def test_tables_beside_the_taxi_files_stay_where_they_are(client: Client, published: Callable[[str, str], str]) -> None:
    own, partner = (published(region, "buckets/raw") for region in REGIONS)
    s3 = client("s3", PRIMARY)
    s3.put_object(Bucket=own, Key="odpf_sales/orders/1.parquet", Body=b"rows")
    s3.put_object(Bucket=own, Key="nyc-taxi/yellow/1.csv", Body=b"rows")
    _waited_for(client("s3", SECONDARY), partner, "nyc-taxi/yellow/1.csv")
    found = client("s3", SECONDARY).list_objects_v2(Bucket=partner)["Contents"]
    assert [each["Key"] for each in found] == ["nyc-taxi/yellow/1.csv"]


def test_a_secret_has_a_replica_whose_arn_the_secondary_publishes(
    client: Client, published: Callable[[str, str], str]
) -> None:
    """The emulator gives a secret without a value one; in AWS the next deployment after its value makes the replica."""
    arns = [published(region, "secrets/source-database") for region in REGIONS]
    assert arns[1] == arns[0].replace(f":{PRIMARY}:", f":{SECONDARY}:")
    (replica,) = client("secretsmanager", SECONDARY).list_secrets()["SecretList"]
    assert replica["ARN"] == arns[1]
    (status,) = client("secretsmanager", PRIMARY).describe_secret(SecretId=arns[0])["ReplicationStatus"]
    assert status["Region"] == SECONDARY
    assert status["KmsKeyId"] == published(SECONDARY, "kms/secrets-key-arn")


def _waited_for(s3: Any, bucket: str, key: str) -> dict[str, Any]:
    for _ in range(100):
        try:
            return dict(s3.head_object(Bucket=bucket, Key=key))
        except s3.exceptions.ClientError:
            time.sleep(0.1)
    return dict(s3.head_object(Bucket=bucket, Key=key))

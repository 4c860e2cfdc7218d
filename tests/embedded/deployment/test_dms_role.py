"""What the roles of DMS may do in prod's staging bucket, and in no other; the emulator judges the reviewed template."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from tests.embedded.deployment.prods_storage import ACCOUNT, EVERYTHING, REGION, clients_of, deployed, make_role

DMS = "dms-landing"
"""As tests/environments.json names it for prod."""
OTHERS = ("Administrator", "dms-landing-2", "dms", "DMS-landing")
KEY = "sales/orders/LOAD00000001.parquet"
POLICY = Path(__file__).resolve().parents[3] / "docs" / "dms-role-policy.json"
S3 = Callable[[str], Any]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One of its own: the account is prod's."""
    with Emulator(EmulatorSettings(run_directory=tmp_path_factory.mktemp("dms"))) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def stack(emulator: Emulator) -> dict[str, str]:
    """Physical ids by the beginnings of logical ids."""
    return deployed(emulator)


@pytest.fixture(scope="module")
def s3(emulator: Emulator, stack: dict[str, str]) -> S3:
    """S3 as one of the roles: DMS's has the policy of docs/deployment.md, the others may do everything."""
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{stack['DataKey']}"
    documented = POLICY.read_text().replace("STAGING_BUCKET", stack["Staging"]).replace("DATA_KEY_ARN", key)
    make_role(emulator, DMS, documented)
    for name in OTHERS:
        make_role(emulator, name)
    return lambda name: clients_of(emulator, name)("s3")


def refused(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return True
        raise
    return False


def test_dms_replaces_the_files_of_a_table_that_it_loads_again(s3: S3, stack: dict[str, str]) -> None:
    """DROP_AND_CREATE: list what is there, delete it, write the load; all by the policy that is documented."""
    dms, bucket = s3(DMS), stack["Staging"]
    first = dms.put_object(Bucket=bucket, Key=KEY, Body=b"first")["VersionId"]
    found = [each["Key"] for each in dms.list_objects_v2(Bucket=bucket, Prefix="sales/orders/")["Contents"]]
    assert found == [KEY]
    dms.delete_object(Bucket=bucket, Key=KEY)
    assert "Contents" not in dms.list_objects_v2(Bucket=bucket, Prefix="sales/orders/")
    dms.put_object(Bucket=bucket, Key=KEY, Body=b"second")
    kept = s3("Administrator").get_object(Bucket=bucket, Key=KEY, VersionId=first)
    assert kept["Body"].read() == b"first", "what DMS deleted can be had again until it expires"


def test_dms_deletes_many_files_at_once(s3: S3, stack: dict[str, str]) -> None:
    dms, bucket = s3(DMS), stack["Staging"]
    keys = [f"sales/items/LOAD{number:08}.parquet" for number in range(3)]
    for key in keys:
        dms.put_object(Bucket=bucket, Key=key, Body=b"x")
    answer = dms.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert [each["Key"] for each in answer["Deleted"]] == keys


@pytest.mark.parametrize("who", OTHERS)
def test_nobody_else_deletes_landed_files(s3: S3, stack: dict[str, str], who: str) -> None:
    bucket = stack["Staging"]
    s3(DMS).put_object(Bucket=bucket, Key=KEY, Body=b"x")
    assert refused(lambda: s3(who).delete_object(Bucket=bucket, Key=KEY))


@pytest.mark.parametrize("who", [DMS, *OTHERS])
def test_nobody_deletes_an_old_version(s3: S3, stack: dict[str, str], who: str) -> None:
    bucket = stack["Staging"]
    version = s3(DMS).put_object(Bucket=bucket, Key=KEY, Body=b"x")["VersionId"]
    assert refused(lambda: s3(who).delete_object(Bucket=bucket, Key=KEY, VersionId=version))


@pytest.mark.parametrize("bucket", ["Raw", "Conformed", "PurposeBuilt", "Config", "AthenaResults", "AccessLogs"])
def test_dms_is_nobody_in_the_other_buckets_even_with_a_policy_that_lets_it(
    emulator: Emulator, s3: S3, stack: dict[str, str], bucket: str
) -> None:
    iam = emulator.client("iam", account=ACCOUNT)
    iam.put_role_policy(RoleName=DMS, PolicyName="more", PolicyDocument=json.dumps(EVERYTHING))
    try:
        assert refused(lambda: s3(DMS).delete_object(Bucket=stack[bucket], Key=KEY))
        assert refused(lambda: s3(DMS).delete_bucket_policy(Bucket=stack["Staging"]))
    finally:
        iam.delete_role_policy(RoleName=DMS, PolicyName="more")

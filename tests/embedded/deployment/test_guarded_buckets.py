"""What an administrator of a protected environment's account, a stolen job and the deployer are refused.

The buckets are those of prod's reviewed template; the emulator judges their policies as AWS does.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from hashlib import md5
from typing import Any

import pytest

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from tests.embedded.deployment.prods_storage import ACCOUNT, REGION, Client, clients_of, deployed, make_role, refused

DEPLOYER = f"cdk-odpprod-cfn-exec-role-{ACCOUNT}-{REGION}"
JOB = "odp-prod-etl-Odp-FileProcessorJobsRole-1A2B3C4D5E6F"
TABLES = ("Conformed", "PurposeBuilt", "Raw")
ALL = (*TABLES, "Config", "Staging", "AthenaResults", "AccessLogs")
Call = Callable[[Any, str], Any]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """One of its own: the account is prod's."""
    with Emulator(EmulatorSettings(run_directory=tmp_path_factory.mktemp("guarded"))) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def stack(emulator: Emulator) -> dict[str, str]:
    """Physical ids by the beginnings of logical ids."""
    return deployed(emulator)


@pytest.fixture(scope="module")
def session(emulator: Emulator, stack: dict[str, str]) -> Callable[[str], Client]:
    """Clients of a role that may do everything, as far as its own policy goes."""
    for name in ("Administrator", DEPLOYER, JOB):
        make_role(emulator, name, tags={"odp:data-writer": "odp-prod"} if name == JOB else {})
    return lambda name: clients_of(emulator, name)


@pytest.fixture
def administrator(session: Callable[[str], Client]) -> Client:
    return session("Administrator")


@pytest.fixture
def job(session: Callable[[str], Client]) -> Client:
    return session(JOB)


@pytest.fixture
def deployer(session: Callable[[str], Client]) -> Client:
    return session(DEPLOYER)


REPLICATION = {
    "Role": f"arn:aws:iam::{ACCOUNT}:role/Administrator",
    "Rules": [{"Status": "Enabled", "Prefix": "", "Destination": {"Bucket": "arn:aws:s3:::elsewhere"}}],
}
AES = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
PUBLIC = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
SETTINGS: dict[str, Call] = {
    "versioning off": lambda s3, name: s3.put_bucket_versioning(
        Bucket=name, VersioningConfiguration={"Status": "Suspended"}
    ),
    "everything expires": lambda s3, name: s3.put_bucket_lifecycle_configuration(
        Bucket=name,
        LifecycleConfiguration={
            "Rules": [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}]
        },
    ),
    "no lifecycle": lambda s3, name: s3.delete_bucket_lifecycle(Bucket=name),
    "copied elsewhere": lambda s3, name: s3.put_bucket_replication(Bucket=name, ReplicationConfiguration=REPLICATION),
    "another default key": lambda s3, name: s3.put_bucket_encryption(
        Bucket=name, ServerSideEncryptionConfiguration={"Rules": [AES]}
    ),
    "no default key": lambda s3, name: s3.delete_bucket_encryption(Bucket=name),
    "events off": lambda s3, name: s3.put_bucket_notification_configuration(Bucket=name, NotificationConfiguration={}),
    "open to the public": lambda s3, name: s3.put_public_access_block(
        Bucket=name, PublicAccessBlockConfiguration=PUBLIC
    ),
    "no block of the public": lambda s3, name: s3.delete_public_access_block(Bucket=name),
    "access lists": lambda s3, name: s3.put_bucket_ownership_controls(
        Bucket=name, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    ),
    "no access log": lambda s3, name: s3.put_bucket_logging(Bucket=name, BucketLoggingStatus={}),
    "no policy": lambda s3, name: s3.delete_bucket_policy(Bucket=name),
    "listed elsewhere": lambda s3, name: s3.put_bucket_inventory_configuration(
        Bucket=name,
        Id="x",
        InventoryConfiguration={
            "Id": "x",
            "IsEnabled": True,
            "IncludedObjectVersions": "All",
            "Schedule": {"Frequency": "Daily"},
            "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::elsewhere", "Format": "CSV"}},
        },
    ),
}


@pytest.mark.parametrize("bucket", ALL)
@pytest.mark.parametrize("setting", SETTINGS)
def test_an_administrator_does_not_change_what_protects_a_bucket(
    administrator: Client, stack: dict[str, str], bucket: str, setting: str
) -> None:
    assert refused(lambda: SETTINGS[setting](administrator("s3"), stack[bucket]))


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_job_does_not_either(job: Client, stack: dict[str, str], setting: str) -> None:
    assert refused(lambda: SETTINGS[setting](job("s3"), stack["Raw"]))


@pytest.mark.parametrize(
    "setting", ["events off", "another default key", "open to the public", "everything expires", "versioning off"]
)
def test_the_deployer_may_what_an_approved_deployment_may_change(
    deployer: Client, stack: dict[str, str], setting: str
) -> None:
    assert not refused(lambda: SETTINGS[setting](deployer("s3"), stack["AthenaResults"]))


@pytest.fixture
def version(job: Client, deployer: Client, stack: dict[str, str]) -> Callable[..., str]:
    """Write an object of a table and give its version."""

    def write(bucket: str) -> str:
        written = job("s3").put_object(Bucket=stack[bucket], Key="db/table/file.parquet", Body=b"rows")
        return str(written.get("VersionId"))

    return write


@pytest.mark.parametrize("bucket", TABLES)
def test_what_a_stolen_job_deletes_or_overwrites_is_still_there(
    job: Client, stack: dict[str, str], version: Callable[..., str], bucket: str
) -> None:
    """On an unversioned bucket the table was gone for good."""
    first, s3, name = version(bucket), job("s3"), stack[bucket]
    s3.put_object(Bucket=name, Key="db/table/file.parquet", Body=b"falsified")
    s3.delete_object(Bucket=name, Key="db/table/file.parquet")
    kept = s3.get_object(Bucket=name, Key="db/table/file.parquet", VersionId=first)
    assert kept["Body"].read() == b"rows"


@pytest.mark.parametrize("bucket", TABLES)
@pytest.mark.parametrize("who", ["Administrator", JOB])
def test_old_versions_are_not_deleted_by_hand(
    session: Callable[[str], Client], stack: dict[str, str], version: Callable[..., str], bucket: str, who: str
) -> None:
    found = {"Bucket": stack[bucket], "Key": "db/table/file.parquet", "VersionId": version(bucket)}
    assert refused(lambda: session(who)("s3").delete_object(**found))


@pytest.mark.parametrize("bucket", TABLES)
def test_people_write_no_files_of_tables(administrator: Client, stack: dict[str, str], bucket: str) -> None:
    for key in ("db/table/file.parquet", "nyc-taxi", "nyc-taxi-2/x"):
        assert refused(lambda: administrator("s3").put_object(Bucket=stack[bucket], Key=key, Body=b"x"))  # noqa: B023


def test_files_of_the_taxi_flow_are_still_dropped_where_they_land(administrator: Client, stack: dict[str, str]) -> None:
    assert not refused(
        lambda: administrator("s3").put_object(Bucket=stack["Raw"], Key="nyc-taxi/yellow/x.csv", Body=b"x")
    )


CUSTOMER_KEY = b"k" * 32
RANSOM: dict[str, dict[str, Any]] = {
    "a key of the attacker's": {
        "SSECustomerAlgorithm": "AES256",
        "SSECustomerKey": base64.b64encode(CUSTOMER_KEY).decode(),
        "SSECustomerKeyMD5": base64.b64encode(md5(CUSTOMER_KEY, usedforsecurity=False).digest()).decode(),
    },
    "a KMS key of another account": {
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": f"arn:aws:kms:{REGION}:666666666666:key/0",
    },
}


@pytest.mark.parametrize("way", RANSOM)
@pytest.mark.parametrize("bucket", ["Config", "Conformed", "PurposeBuilt", "Raw", "Staging"])
@pytest.mark.parametrize("who", ["Administrator", DEPLOYER, JOB])
def test_nobody_writes_what_the_lake_cannot_read(
    session: Callable[[str], Client], stack: dict[str, str], bucket: str, who: str, way: str
) -> None:
    """The ransom of 2025: objects are copied onto themselves under a key that only the attacker has."""
    s3, name = session(who)("s3"), stack[bucket]
    assert refused(lambda: s3.put_object(Bucket=name, Key="nyc-taxi/yellow/x.csv", Body=b"x", **RANSOM[way]))


def test_jobs_write_under_the_lakes_own_key(job: Client, stack: dict[str, str]) -> None:
    """Glue names the key of its security configuration, as an ARN."""
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{stack['DataKey']}"
    for named in (key, stack["DataKey"]):
        job("s3").put_object(
            Bucket=stack["Raw"], Key="db/t/x", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=named
        )


def test_people_open_the_key_to_nobody(administrator: Client, stack: dict[str, str]) -> None:
    thief = "arn:aws:iam::666666666666:root"
    kms, key = administrator("kms"), stack["DataKey"]
    assert refused(lambda: kms.create_grant(KeyId=key, GranteePrincipal=thief, Operations=["Decrypt"]))

"""A lake deployed by the bootstrap that the scripts made: its secrets get values, and it goes without its data."""

import pytest

from rehearsal.emulator.process import Emulator
from tests.embedded.bootstrap.conftest import DEV, Bootstrap

ASSETS = "cdk-odpdev-assets-222222222222-us-east-1"
SECRET = "odp/dev/source-database"
VALUE = "not-to-be-shown"

pytestmark = pytest.mark.usefixtures("dev_lake")


def data_buckets(emulator: Emulator) -> list[str]:
    buckets = emulator.client("s3", account=DEV).list_buckets()["Buckets"]
    return [bucket["Name"] for bucket in buckets if bucket["Name"] != ASSETS]


def stacks(emulator: Emulator) -> set[str]:
    return {stack["StackName"] for stack in emulator.client("cloudformation", account=DEV).describe_stacks()["Stacks"]}


def test_its_bootstrap_deploys_the_whole_environment(emulator: Emulator) -> None:
    needed = {f"odp-dev-{name}" for name in ("infra-Network", "infra-Storage", "etl-Tables", "etl-Odp")}
    assert needed < stacks(emulator)


def test_a_value_from_standard_input_is_set_and_never_shown(emulator: Emulator, bootstrap: Bootstrap) -> None:
    run = bootstrap(DEV, "secrets", "dev", "--secret", "source-database", "--stdin", typed=f"{VALUE}\n")
    assert run.returncode == 0, run.stderr
    assert emulator.client("secretsmanager", account=DEV).get_secret_value(SecretId=SECRET)["SecretString"] == VALUE
    assert "--secret-string '<hidden>'" in run.stdout
    assert VALUE not in run.stdout + run.stderr


def test_an_empty_value_is_refused_and_the_old_one_stays(emulator: Emulator, bootstrap: Bootstrap) -> None:
    client = emulator.client("secretsmanager", account=DEV)
    client.put_secret_value(SecretId=SECRET, SecretString=VALUE)
    run = bootstrap(DEV, "secrets", "dev", "--secret", "source-database", "--stdin", typed="\n")
    assert run.returncode == 1
    assert f"the value of {SECRET} is empty" in run.stderr
    assert client.get_secret_value(SecretId=SECRET)["SecretString"] == VALUE


def test_a_secret_that_is_not_there_is_told_with_those_that_are(bootstrap: Bootstrap) -> None:
    run = bootstrap(DEV, "secrets", "dev", "--secret", "unheard-of", "--stdin", typed="x")
    assert run.returncode == 1
    assert "there is no secret unheard-of" in run.stderr
    assert f"choose one of: {SECRET}" in run.stderr


def test_a_tear_down_is_not_begun_without_the_name_of_the_environment(emulator: Emulator, bootstrap: Bootstrap) -> None:
    before = stacks(emulator)
    run = bootstrap(DEV, "tear-down", "dev", typed="yes\n")
    assert run.returncode == 1
    assert "that is not the environment's name; nothing was deleted" in run.stderr
    assert stacks(emulator) == before


def test_a_tear_down_deletes_last_things_first_and_leaves_every_bucket_and_object(
    emulator: Emulator, bootstrap: Bootstrap
) -> None:
    buckets, before = data_buckets(emulator), stacks(emulator)
    s3 = emulator.client("s3", account=DEV)
    for bucket in buckets:
        s3.put_object(Bucket=bucket, Key="precious", Body=b"data")
    plan = deleted(bootstrap(DEV, "tear-down", "dev", "--dry-run").stdout)
    assert plan.index("odp-dev-etl-Odp") < plan.index("odp-dev-etl-Tables") < plan.index("odp-dev-infra-Network")
    assert stacks(emulator) == before

    run = bootstrap(DEV, "tear-down", "dev", typed="dev\n")
    assert run.returncode == 0, run.stderr
    assert deleted(run.stdout) == plan
    assert stacks(emulator) == {"CDKToolkit-odp-dev", "odp-dev-infra-Storage"}
    assert data_buckets(emulator) == buckets
    assert all(s3.get_object(Bucket=bucket, Key="precious")["Body"].read() == b"data" for bucket in buckets)
    assert all(bucket in run.stdout for bucket in buckets)

    again = bootstrap(DEV, "tear-down", "dev")
    assert "There is nothing to do." in again.stdout


def deleted(output: str) -> list[str]:
    """The stacks in the order of their deletion."""
    lines = (line.split() for line in output.splitlines() if " delete-stack " in line)
    return [words[words.index("--stack-name") + 1] for words in lines]

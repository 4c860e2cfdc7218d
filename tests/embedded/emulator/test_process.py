"""Starting, stopping, restarting and killing the emulator."""

import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from rehearsal.emulator.process import Emulator, EmulatorError
from rehearsal.emulator.settings import EmulatorSettings
from tests.embedded.waiting import eventually

ACCOUNT = "222222222222"
PARENT = """
import sys, time
from pathlib import Path
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
with Emulator(EmulatorSettings(run_directory=Path(sys.argv[1]))) as emulator:
    emulator.client("sqs", account="222222222222").create_queue(QueueName="made-by-parent")
    print(emulator.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def settings(tmp_path: Path) -> EmulatorSettings:
    return EmulatorSettings(run_directory=tmp_path / "run")


def _listening_addresses(pid: int) -> set[str]:
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            inodes.add(str(link.readlink()))
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in inodes}


def _is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def _wait_until_gone(pid: int) -> None:
    eventually(lambda: not _is_alive(pid))


def _started_by_another_process(run_directory: Path) -> tuple[subprocess.Popen[str], int]:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(run_directory)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    return parent, int(parent.stdout.readline())


def test_it_listens_on_loopback_only(emulator: Emulator) -> None:
    assert emulator.pid
    assert _listening_addresses(emulator.pid) == {"0100007F"}


def test_a_taken_port_is_named(settings: EmulatorSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorError, match=f"port {port} on 127.0.0.1 cannot be used .*in use"):
            Emulator(EmulatorSettings(run_directory=settings.run_directory, port=port)).start()


def test_a_child_that_does_not_start_shows_its_log_and_leaves_nothing(settings: EmulatorSettings) -> None:
    with Emulator(settings):
        second = Emulator(settings)
        with pytest.raises(EmulatorError, match="another emulator runs in"):
            second.start()
        assert second.pid is None


def test_a_restart_brings_back_what_was_saved_on_the_same_port(settings: EmulatorSettings) -> None:
    with Emulator(settings) as first:
        first.client("s3", account=ACCOUNT).create_bucket(Bucket="lake")
        first.client("s3", account=ACCOUNT).put_object(Bucket="lake", Key="a/b", Body=b"content")
        first.client("glue", account=ACCOUNT).create_database(DatabaseInput={"Name": "lake"})
        _make_table_with_one_item(first)
        _make_stack(first)
    with Emulator(settings) as second:
        assert second.endpoint == first.endpoint
        assert second.client("s3", account=ACCOUNT).get_object(Bucket="lake", Key="a/b")["Body"].read() == b"content"
        assert second.client("glue", account=ACCOUNT).get_database(Name="lake")
        assert second.client("dynamodb", account=ACCOUNT).scan(TableName="items")["Count"] == 1
        assert second.client("cloudformation", account=ACCOUNT).describe_stacks(StackName="made")


def test_a_restart_takes_another_port_when_its_own_is_taken(settings: EmulatorSettings) -> None:
    with Emulator(settings) as first:
        port = first.settings.port
    with socket.create_server(("127.0.0.1", port)), Emulator(settings) as second:
        assert second.settings.port != port


def test_stop_leaves_no_process_and_no_temporary_file(settings: EmulatorSettings) -> None:
    with Emulator(settings) as emulator:
        pid = emulator.pid
    assert pid
    assert not _is_alive(pid)
    assert not settings.temporary.exists()


def test_a_killed_emulator_can_be_started_again(settings: EmulatorSettings) -> None:
    emulator = Emulator(settings)
    emulator.start()
    emulator.kill()
    with Emulator(settings) as again:
        assert again.client("s3", account=ACCOUNT).list_buckets()["Buckets"] == []


def test_it_saves_and_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent, pid = _started_by_another_process(tmp_path)
    parent.kill()
    parent.wait()
    _wait_until_gone(pid)
    with Emulator(EmulatorSettings(run_directory=tmp_path)) as again:
        assert again.client("sqs", account=ACCOUNT).list_queues()["QueueUrls"]


def test_a_ctrl_c_lets_the_parent_stop_it_in_order(tmp_path: Path) -> None:
    parent, pid = _started_by_another_process(tmp_path)
    parent.send_signal(signal.SIGINT)
    parent.wait(120)
    assert not _is_alive(pid)
    assert (tmp_path / "state" / "sqs.json").exists()


def test_nothing_of_the_hosts_environment_reaches_it(
    settings: EmulatorSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_SECRET", "seen")
    monkeypatch.setenv("AWS_PROFILE", "production")
    with Emulator(settings) as emulator:
        environment = Path(f"/proc/{emulator.pid}/environ").read_text()
    assert "HOST_SECRET" not in environment
    assert "AWS_PROFILE" not in environment


def test_a_key_of_nobody_is_refused(emulator: Emulator) -> None:
    shell = {**emulator.shell_environment(ACCOUNT), "AWS_ACCESS_KEY_ID": "AKIANOBODY"}
    script = "import boto3; boto3.client('sqs').list_queues()"
    answer = subprocess.run([sys.executable, "-c", script], env=shell, capture_output=True, text=True, check=False)
    assert "InvalidClientTokenId" in answer.stderr


def test_shell_environment_speaks_for_the_account(emulator: Emulator, account: str) -> None:
    shell = emulator.shell_environment(account)
    assert shell["AWS_ENDPOINT_URL"] == emulator.endpoint
    script = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    answer = subprocess.run([sys.executable, "-c", script], env=shell, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == f"arn:aws:iam::{account}:root"


def _make_table_with_one_item(emulator: Emulator) -> None:
    dynamodb = emulator.client("dynamodb", account=ACCOUNT)
    dynamodb.create_table(
        TableName="items", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )  # fmt: skip
    dynamodb.put_item(TableName="items", Item={"id": {"S": "1"}})


def _make_stack(emulator: Emulator) -> None:
    cloudformation = emulator.client("cloudformation", account=ACCOUNT)
    cloudformation.create_stack(StackName="made", TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}')
    cloudformation.get_waiter("stack_create_complete").wait(StackName="made", WaiterConfig={"Delay": 1})

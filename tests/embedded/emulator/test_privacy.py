"""Other users of the machine: they may read every command line and every file whose mode lets them."""

import io
import json
import re
import stat
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings
from tests.embedded.waiting import eventually

ACCOUNT = "222222222222"
TOKEN = "SECRET-TOKEN-OF-A-REGISTRY"
SLEEPING = "import time; time.sleep(600)"


@pytest.fixture
def emulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator of a person whose package registries ask for a token, in a folder that was open before."""
    monkeypatch.setenv("PIP_INDEX_URL", f"https://user:{TOKEN}@registry.example/simple")
    monkeypatch.setenv("NPM_CONFIG__AUTHTOKEN", TOKEN)
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)
    with Emulator(EmulatorSettings(run_directory=folder)) as emulator:
        yield emulator


def descendants(pid: int) -> list[int]:
    children = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit() and _parent(each) == pid]
    return [pid, *(below for child in children for below in descendants(child))]


def _parent(process: Path) -> int | None:
    try:
        found = re.search(r"^PPid:\s+(\d+)", (process / "status").read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(found.group(1)) if found else None


def open_to_others(folder: Path) -> list[str]:
    """What below a folder others may read, write or enter."""
    modes = {path: path.lstat().st_mode for path in [folder, *folder.rglob("*")]}
    return [
        f"{stat.filemode(mode)} {path.relative_to(folder)}"
        for path, mode in modes.items()
        if mode & 0o077 and not stat.S_ISLNK(mode)
    ]


def use_everything(emulator: Emulator) -> None:
    """Leave files of every kind, among them a function and a Glue run that go on."""
    client = partial(emulator.client, account=ACCOUNT)
    client("secretsmanager").create_secret(Name="database", SecretString="in clear")
    client("s3").create_bucket(Bucket="lake")
    client("s3").put_object(Bucket="lake", Key="a/script.py", Body=SLEEPING.encode())
    role = {}
    for service in ("lambda", "glue"):
        trust = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role[service] = client("iam").create_role(RoleName=service, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        client("iam").put_role_policy(RoleName=service, PolicyName="all", PolicyDocument=json.dumps(everything))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("code.py", "def handle(event, context):\n    print('said')")
    client("lambda").create_function(
        FunctionName="function", Runtime="python3.11", Handler="code.handle", Role=role["lambda"],
        Code={"ZipFile": archive.getvalue()},
    )  # fmt: skip
    client("lambda").invoke(FunctionName="function")
    client("glue").create_job(
        Name="job", Role=role["glue"],
        Command={"Name": "pythonshell", "ScriptLocation": "s3://lake/a/script.py", "PythonVersion": "3"},
    )  # fmt: skip
    client("glue").start_job_run(JobName="job")
    eventually(lambda: len(descendants(emulator.pid or 0)) >= 3)


def test_no_command_line_tells_a_secret(emulator: Emulator) -> None:
    use_everything(emulator)
    assert emulator.pid
    lines = [Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in descendants(emulator.pid)]
    assert any("bootstrap" in line for line in lines)
    told = emulator.shell_environment(ACCOUNT)["AWS_SECRET_ACCESS_KEY"]
    secrets = {told, TOKEN, "in clear", *(value for pid in descendants(emulator.pid) for value in _secrets_of(pid))}
    assert len(secrets) >= 4
    assert not [(line, secret) for line in lines for secret in secrets if secret in line]


def _secrets_of(pid: int) -> list[str]:
    environment = Path(f"/proc/{pid}/environ").read_text().split("\0")
    names = ("AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=")
    return [line.partition("=")[2] for line in environment if line.startswith(names) and line.partition("=")[2]]


def test_no_process_but_a_build_knows_the_way_to_the_registries(emulator: Emulator) -> None:
    use_everything(emulator)
    assert emulator.pid
    for pid in descendants(emulator.pid):
        assert TOKEN not in Path(f"/proc/{pid}/environ").read_text()


def test_no_file_is_open_to_others_while_it_runs_and_afterwards(emulator: Emulator) -> None:
    folder = emulator.settings.run_directory
    use_everything(emulator)
    assert open_to_others(folder) == []
    emulator.stop()
    assert (folder / "state" / "secretsmanager.json").exists()
    assert (folder / "s3").exists()
    assert open_to_others(folder) == []
    assert TOKEN not in "".join(path.read_text(errors="replace") for path in folder.rglob("*") if path.is_file())


def test_every_run_has_a_secret_of_its_own_and_the_old_one_is_worth_nothing(tmp_path: Path) -> None:
    settings, secrets = EmulatorSettings(run_directory=tmp_path / "run"), set[str]()
    for _ in range(2):
        with Emulator(settings) as emulator:
            secrets.add(emulator.shell_environment(ACCOUNT)["AWS_SECRET_ACCESS_KEY"])
            assert emulator.client("sqs", account=ACCOUNT).list_queues()
    assert len(secrets) == 2
    assert min(map(len, secrets)) >= 32


def test_settings_are_shown_without_their_secrets(tmp_path: Path) -> None:
    registries = {"PIP_INDEX_URL": TOKEN}
    shown = repr(EmulatorSettings(run_directory=tmp_path, package_variables=registries, root_secret="s3c"))
    assert TOKEN not in shown
    assert "s3c" not in shown

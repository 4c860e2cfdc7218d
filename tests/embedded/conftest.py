"""One emulator for all embedded tests; every test works in an account of its own."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import EmulatorSettings

_accounts = itertools.count(700_000_000_000)


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator with one Glue slot less than a test may need, and Glue minutes of a second."""
    settings = EmulatorSettings(run_directory=tmp_path_factory.mktemp("emulator"), glue_slots=2, glue_minute=1.0)
    with Emulator(settings) as emulator:
        yield emulator


@pytest.fixture
def account() -> str:
    return str(next(_accounts))


@pytest.fixture
def aws(emulator: Emulator, account: str) -> Callable[[str], Any]:
    """Clients of the test's own account, as its root."""
    return lambda service: emulator.client(service, account=account)


@pytest.fixture
def make_role(aws: Callable[[str], Any]) -> Callable[..., str]:
    """Make a role that a service may assume, with the actions it is allowed on everything."""

    def make(name: str, service: str, *actions: str) -> str:
        iam = aws("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(trust))["Role"]
        if actions:
            allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=_policy(allowed))
        return str(role["Arn"])

    return make


@pytest.fixture
def bucket(aws: Callable[[str], Any], account: str) -> str:
    aws("s3").create_bucket(Bucket=f"bucket-{account}")
    return f"bucket-{account}"


@pytest.fixture
def glue_log(emulator: Emulator) -> Callable[[str], str]:
    """Read the log of a Glue run."""

    def read(run: str) -> str:
        (log,) = (emulator.settings.logs / "glue").glob(f"*/{run}.log")
        return Path(log).read_text()

    return read


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

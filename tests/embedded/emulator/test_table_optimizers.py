"""Table optimizers: what AWS refuses is refused, and the framework's code gives tables those that are configured."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from odp.glue_optimizers import GlueTableOptimizers
from odp.table_optimizers.optimizers import SETTINGS, TableOptimizers

from rehearsal.emulator.process import Emulator
from tests.embedded.tables.conftest import use
from tests.unit.odp.samples import table_config

ICEBERG = {"Parameters": {"table_type": "ICEBERG", "metadata_location": "s3://lake/orders/metadata/1.metadata.json"}}
ORDERS = table_config(table_format="iceberg", raw_database_name="lake", raw_table_name="orders")


@pytest.fixture
def glue(aws: Callable[[str], Any]) -> Any:
    glue = aws("glue")
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.create_table(DatabaseName="lake", TableInput={"Name": "orders", **ICEBERG})
    glue.create_table(DatabaseName="lake", TableInput={"Name": "trips", "Parameters": {"provider": "hudi"}})
    return glue


@pytest.fixture
def role(make_role: Callable[..., str]) -> str:
    return make_role("optimizers", "glue.amazonaws.com", "s3:*")


@pytest.fixture
def asked(account: str, role: str) -> Callable[..., dict[str, Any]]:
    """A request for an optimizer, with what differs."""

    def of(**different: Any) -> dict[str, Any]:
        named = {"CatalogId": account, "DatabaseName": "lake", "TableName": "orders", "Type": "compaction"}
        return {**named, "TableOptimizerConfiguration": {"roleArn": role, "enabled": True}, **different}

    return of


def code(call: Callable[..., Any], request: dict[str, Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


def test_what_aws_refuses_is_refused(glue: Any, asked: Callable[..., Any], make_role: Callable[..., str]) -> None:
    create, lambdas = glue.create_table_optimizer, make_role("of-functions", "lambda.amazonaws.com")
    assert code(create, asked(TableName="missing")) == "EntityNotFoundException"
    assert code(create, asked(TableName="trips")) == "InvalidInputException"
    assert code(create, asked(TableOptimizerConfiguration={"enabled": True})) == "ValidationException"
    for other in (f"{lambdas}-missing", lambdas):
        configuration = {"roleArn": other, "enabled": True}
        assert code(create, asked(TableOptimizerConfiguration=configuration)) == "ValidationException"
    create(**asked())
    assert code(create, asked()) == "AlreadyExistsException"
    named = {name: value for name, value in asked(Type="retention").items() if name != "TableOptimizerConfiguration"}
    assert code(glue.get_table_optimizer, named) == "EntityNotFoundException"
    assert code(glue.delete_table_optimizer, named) == "EntityNotFoundException"
    assert code(glue.update_table_optimizer, asked(Type="retention")) == "EntityNotFoundException"


@pytest.fixture
def as_function(
    emulator: Emulator, account: str, aws: Callable[[str], Any], make_role: Callable[..., str], monkeypatch: Any
) -> Iterator[Callable[..., TableOptimizers]]:
    """The framework's code with these types, and with the rights of a role that has these actions."""
    with use(emulator, account, monkeypatch):

        def made(types: list[str], role: str, *actions: str) -> TableOptimizers:
            name = f"function-{len(actions)}"
            caller = make_role(name, f"{account}.example", *actions)
            trust = f'{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Principal": {{"AWS": "arn:aws:iam::{account}:root"}}, "Action": "sts:AssumeRole"}}]}}'  # noqa: E501
            aws("iam").update_assume_role_policy(RoleName=name, PolicyDocument=trust)
            taken = aws("sts").assume_role(RoleArn=caller, RoleSessionName="function")["Credentials"]
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", taken["AccessKeyId"])
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", taken["SecretAccessKey"])
            monkeypatch.setenv("AWS_SESSION_TOKEN", taken["SessionToken"])
            return TableOptimizers(GlueTableOptimizers(account), types, role)

        yield made


CALLS = tuple(f"glue:{verb}TableOptimizer" for verb in ("Create", "Delete", "Get", "Update"))


def test_tables_get_the_configured_optimizers_and_lose_them_again(
    glue: Any, account: str, role: str, as_function: Callable[..., TableOptimizers]
) -> None:
    waiting = table_config(table_format="iceberg", raw_database_name="lake", raw_table_name="not_yet")
    assert as_function([*SETTINGS], role, *CALLS, "iam:PassRole").settle([ORDERS, waiting]) == {
        "created": 3,
        "without a table": 3,
    }
    found = glue.get_table_optimizer(CatalogId=account, DatabaseName="lake", TableName="orders", Type="retention")
    assert found["TableOptimizer"]["configuration"] == {
        "roleArn": role,
        "enabled": True,
        "retentionConfiguration": {"icebergConfiguration": {"cleanExpiredFiles": True}},
    }
    optimizers = TableOptimizers(GlueTableOptimizers(account), ["retention"], role)
    assert optimizers.settle([ORDERS]) == {"deleted": 2, "unchanged": 1}


def test_role_is_passed_only_by_who_may_pass_it(
    glue: Any, role: str, as_function: Callable[..., TableOptimizers]
) -> None:
    from odp.errors import TableOptimizersFailedError

    assert glue
    with pytest.raises(TableOptimizersFailedError, match=r"lake\.orders"):
        as_function(["compaction"], role, *CALLS).settle([ORDERS])

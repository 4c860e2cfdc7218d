"""The command line: refusals before any request to AWS."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from deployment_account.replication_settings import External
from deployment_account.sources import Source
from scripts.bootstrap import cli
from scripts.bootstrap.errors import BootstrapError
from scripts.smoke.names import SmokeNames, new_run_id
from tests.configuration import KNOWN


def refusal(*arguments: str) -> BootstrapError:
    result = CliRunner().invoke(cli.app, ["smoke", *arguments, "--config", str(KNOWN)])
    assert isinstance(result.exception, BootstrapError), result.output
    return result.exception


def test_a_protected_environment_is_refused_unless_it_is_meant() -> None:
    assert "prod is protected" in refusal("prod").what


def test_an_environment_that_is_not_configured_is_refused() -> None:
    assert "there is no environment nowhere" in refusal("nowhere").what


def test_what_could_cost_more_than_5_dollars_is_refused() -> None:
    assert "more than 5 $" in refusal("dev", "--keys", "2000000").what


@pytest.mark.parametrize("arguments", [("--only", "14"), ("--only", "0"), ("--parallel", "0"), ("--patience", "0")])
def test_numbers_that_make_no_sense_are_refused(arguments: tuple[str, str]) -> None:
    assert CliRunner().invoke(cli.app, ["smoke", "dev", *arguments, "--config", str(KNOWN)]).exit_code == 2


def external(folder: str = "") -> Source:
    """A source whose files another team or tool writes."""
    return Source(folder=folder, replication=External())


@pytest.mark.parametrize(
    ("sources", "table", "folder"),
    [
        ({"default": external()}, "RUN.orders", "RUN/orders/"),
        ({"default": external("dms")}, "RUN.orders", "dms/RUN/orders/"),
        ({"erp": external("dms/erp"), "crm": external("crm")}, "erp:RUN.orders", "dms/erp/RUN/orders/"),
    ],
)
def test_files_land_where_a_source_of_the_lake_writes(sources: dict[str, Source], table: str, folder: str) -> None:
    names = SmokeNames.of("RUN", sources)
    assert (names.source_table("orders"), names.landing("orders")) == (table, folder)


def test_nothing_of_anybody_else_is_touched() -> None:
    names = SmokeNames.of(new_run_id(), {"default": external()})
    assert names.require_own(names.landing("orders"))
    for foreign in (
        "",
        "/",
        "taxi_trips/table_1/",
        SmokeNames.of(new_run_id(), {"default": external()}).landing("x"),
    ):
        with pytest.raises(ValueError, match="is not of the run"):
            names.require_own(foreign)


def test_a_dry_run_shows_steps_and_estimate_and_needs_no_credentials() -> None:
    shown = CliRunner().invoke(cli.app, ["smoke", "dev", "--only", "4", "--dry-run", "--config", str(KNOWN)])
    assert shown.exit_code == 0
    estimate, *steps = shown.output.splitlines()
    assert estimate.startswith("At most 2 Glue runs of smoke tables, 0 of the taxi flow, 0 swept files: about")
    assert [line[:13] for line in steps] == ["would try  3 ", "would try  4 "]

"""The synthesised task on an instance, deployed: the same files by the other family of DMS's operations."""

from pathlib import Path

import pytest
from odp.commands import Commands
from odp.dms import DmsReplications
from odp.file_manager.replicated_tables import replicated_tables
from odp.table_identity import SourceTable
from odp_cli.operate.replications import load_again, load_all_again, stop

from rehearsal.emulator.process import Emulator
from tests.embedded.dms.pipeline_step import Build, execute, prepare
from tests.embedded.dms.shop_lake import ShopLake, a_shop, eventually, synthesised


def test_a_task_from_its_deployment_to_its_second_load_and_a_suspended_table(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an environment of its own: another kind of a replication that is there would be a new replication."""
    lake = ShopLake(emulator, "test", "333333333333")
    for name, value in emulator.shell_environment(lake.account).items():
        monkeypatch.setenv(name, value)
    with a_shop(tmp_path) as shop:
        lake.deploy(*synthesised("test", tmp_path / "first", "orders", kind="instance"), shop)
        found = lake.replication
        assert found.state().status == "ready"
        found.start(found.state().first_step)
        shop.run("UPDATE orders SET item = 'changed' WHERE id < 10")
        lake.equals(shop, "orders")

        changed = synthesised("test", tmp_path / "changed", "orders", "customers", kind="instance")[1]
        build = Build(lake, tmp_path / "build")
        prepare(changed, lake)
        assert "new tables: shop.customers" in build.run("stop")
        assert found.state().status == "stopped"
        execute(lake)
        assert "goes on where it stopped" in build.run("resume")
        lake.equals(shop, "orders", "customers")

        shop.run("RENAME TABLE customers TO clients", "INSERT INTO clients VALUES (9, 'Zoe')")
        eventually(lambda: tells(lake, "DMS has stopped replicating shop.customers"))
        shop.run("RENAME TABLE clients TO customers")
        load_again(found, [SourceTable("default", "shop", "customers")])
        eventually(lambda: tells(lake))
        stop(found)
        lake.is_("stopped")
        load_all_again(found)
        lake.equals(shop, "orders", "customers")
        stop(found)
        lake.is_("stopped")


def tells(lake: ShopLake, *titles: str) -> None:
    """By the code of the sweep: DMS itself tells nobody of a table."""
    found = DmsReplications({"default": lake.published("replication/default")}).tables()
    assert [state.title for state in replicated_tables(found, {}, Commands("test"))] == list(titles)

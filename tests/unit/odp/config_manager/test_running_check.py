"""What may not become the running configuration, told with the way to do it right."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from odp.config_manager.manifest import Manifests
from odp.config_manager.running_check import RunningCheck, SynthesisedResources, changed_tables, deployed_with
from odp.configuration import Configuration
from odp.errors import ManifestError, TableIsBeingWrittenError
from odp.records import RawTableConfig, RowHistory, WrittenTable

from tests.unit.odp.samples import batch_config, table_config

DEPLOYED = SynthesisedResources(frozenset({"10_min_refresh"}), frozenset({"odpf_file_processor"}))
FILLED = WrittenTable(table_config().identity, is_being_written=False)


def manifests(*tables: RawTableConfig, **batch: Any) -> Manifests:
    return Manifests((batch_config(**batch),), tables, {"s.t": "sales.json: raw_table_configs: s.t"})


def running(*tables: RawTableConfig) -> Configuration:
    return Configuration.of([batch_config()], tables)


def problems_of(desired: Manifests, now: Configuration, written: Mapping[str, WrittenTable]) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        RunningCheck(now, written, DEPLOYED).check(desired)
    return refused.value.problems


def assert_admitted(
    now: Configuration,
    written: Mapping[str, WrittenTable],
    desired: Manifests,
    deployed: SynthesisedResources = DEPLOYED,
) -> None:
    """Demand no refusal, and that a faulty entry beside the desired ones is refused alone: so the check was made."""
    check = RunningCheck(now, written, deployed)
    faulty = table_config(source_table_name="unknown:s.t", raw_table_name="faulty")
    with pytest.raises(ManifestError) as refused:
        check.check(replace(desired, tables=(*desired.tables, faulty)))
    (problem,) = refused.value.problems
    assert "unknown" in problem
    check.check(desired)


def test_first_configuration_is_admitted() -> None:
    assert_admitted(Configuration({}, {}), {}, manifests(table_config()))


STORED = {
    "primary_key": "hudi_primary_key",
    "partition_key": "hudi_partition_key",
    "history": "table_data_versioning_type",
    "table_format": "table_storage_type",
}


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("primary_key", {"primary_key": ("ID", "LINE")}),
        ("partition_key", {"partition_key": "REGION"}),
        ("hudi_table_type", {"hudi_table_type": "merge_on_read"}),
        ("history", {"history": RowHistory.ALL}),
        ("table_format", {"table_format": "iceberg"}),
        ("source_table_name", {"source_table_name": "s.other"}),
    ],
)
@pytest.mark.parametrize("is_running", [True, False], ids=["running", "removed before"])
def test_change_that_would_corrupt_a_filled_table_is_refused_with_the_way_to_do_it(
    field: str, change: dict[str, Any], is_running: bool
) -> None:
    desired = table_config(**change)
    (problem,) = problems_of(manifests(desired), running(table_config()) if is_running else running(), {"db.t": FILLED})
    stored = STORED.get(field, field)
    old, new = table_config().identity[stored], desired.identity[stored]
    assert f"{field}: db.t holds data written with {old!r}, which {new!r} would corrupt; keep {old!r}, or" in problem
    assert "reload the source table in DMS" in problem


OLDER = table_config().identity | {"hudi_precombine_field": "TS", "raw_database_S3_bucket": "b-1", "gone": "x"}


@pytest.mark.parametrize("identity", [table_config().identity, OLDER], ids=["this release", "an older release"])
@pytest.mark.parametrize("change", [{}, {"change_sequence": None}, {"change_sequence": "OTHER"}])
def test_order_column_and_physical_bucket_bind_no_filled_table(
    identity: dict[str, str], change: dict[str, Any]
) -> None:
    desired, filled = table_config(**change), {"db.t": WrittenTable(identity, is_being_written=False)}
    assert_admitted(running(table_config()), filled, manifests(desired))


def test_key_of_a_table_that_an_older_release_filled_is_kept() -> None:
    written = {"db.t": WrittenTable(OLDER, is_being_written=False)}
    (problem,) = problems_of(manifests(table_config(primary_key=("OTHER",))), running(), written)
    assert "primary_key: db.t holds data written with 'ID'" in problem


MERGED = WrittenTable(table_config(hudi_table_type="merge_on_read").identity, is_being_written=False)


@pytest.mark.parametrize(
    ("desired", "written", "other"),
    [
        (table_config(raw_table_name="t_rt"), {"db.t": MERGED}, "db.t"),
        (table_config(raw_table_name="t_ro"), {"db.t": MERGED}, "db.t"),
        (table_config(hudi_table_type="merge_on_read"), {"db.t_rt": FILLED}, "db.t_rt"),
        (table_config(hudi_table_type="merge_on_read"), {"db.t_ro": FILLED}, "db.t_ro"),
    ],
)
def test_name_that_a_table_with_data_occupies_is_refused_although_its_entry_is_gone(
    desired: RawTableConfig, written: dict[str, WrittenTable], other: str
) -> None:
    assert written.keys() <= changed_tables(running(), manifests(desired)), "the lake is asked about it"
    (problem,) = problems_of(manifests(desired), running(), written)
    assert "raw_table_name: " in problem
    assert f"with {other}, which holds data" in problem


@pytest.mark.parametrize("kept", [{"db.t": FILLED}, {"db.t": WrittenTable(None, is_being_written=False)}, {}])
def test_name_that_ends_like_a_view_is_free_where_no_view_is(kept: dict[str, WrittenTable]) -> None:
    assert_admitted(running(), kept, manifests(table_config(raw_table_name="t_rt")))


def test_source_that_the_environment_does_not_have_is_refused() -> None:
    (problem,) = problems_of(manifests(table_config(source_table_name="crm:s.t")), running(), {})
    assert "source_table_name: this environment has no source crm (it has default); add it to sources in" in problem


def test_source_that_the_environment_has_is_admitted() -> None:
    deployed = SynthesisedResources(DEPLOYED.cadences, DEPLOYED.glue_jobs, frozenset({"default", "crm"}))
    assert_admitted(running(), {}, manifests(table_config(source_table_name="crm:s.t")), deployed)


def test_refusal_begins_with_the_place_of_the_entry() -> None:
    (problem,) = problems_of(manifests(table_config(partition_key="P")), running(), {"db.t": FILLED})
    assert problem.startswith("sales.json: raw_table_configs: s.t: partition_key: ")


def test_every_reason_is_told_at_once() -> None:
    desired = manifests(table_config(primary_key=("A",), partition_key="P"), refresh_cadence="1_day_refresh")
    assert len(problems_of(desired, running(), {"db.t": FILLED})) == 3


@pytest.mark.parametrize("target", [{"raw_table_name": "u"}, {"raw_database_name": "other"}])
def test_filled_table_keeps_its_target(target: dict[str, str]) -> None:
    desired = manifests(table_config(**target))
    (problem,) = problems_of(desired, running(table_config()), {"db.t": FILLED})
    assert "raw_database_name, raw_table_name: the data is in db.t" in problem
    assert "move in two steps: remove the entry, deploy" in problem


def test_removed_source_table_may_come_back_with_another_target() -> None:
    desired = manifests(table_config(raw_table_name="u"))
    assert_admitted(running(), {"db.t": FILLED}, desired)


@pytest.mark.parametrize("written", [{}, {"db.t": WrittenTable(None, is_being_written=False)}])
def test_table_without_data_may_change_in_every_way(written: Mapping[str, WrittenTable]) -> None:
    """The first load failed for a wrong key, say: nothing is there that a right one could corrupt."""
    desired = table_config(primary_key=("OTHER",), raw_table_name="u", partition_key="P")
    assert_admitted(running(table_config()), written, manifests(desired))


@pytest.mark.parametrize("change", [{"is_active": False}, {"refresh_cadence": "10_min_refresh"}])
def test_filled_table_may_be_paused_and_move_between_cadences(change: dict[str, Any]) -> None:
    assert_admitted(running(table_config()), {"db.t": FILLED}, manifests(table_config(**change)))


@pytest.mark.parametrize(
    ("desired", "now"),
    [
        (table_config(primary_key=("OTHER",)), running(table_config())),
        (table_config(primary_key=("OTHER",)), running()),
        (table_config(raw_table_name="u"), running(table_config())),
    ],
    ids=["changed", "added while a run of the removed entry goes on", "moved"],
)
def test_table_that_is_being_filled_now_is_waited_for(desired: RawTableConfig, now: Configuration) -> None:
    filling = {"db.t": WrittenTable(None, is_being_written=True)}
    with pytest.raises(TableIsBeingWrittenError, match=r"db\.t is being filled for the first time"):
        RunningCheck(now, filling, DEPLOYED).check(manifests(desired))


def test_refresh_under_way_holds_up_no_other_change() -> None:
    filling = {"db.t": WrittenTable(None, is_being_written=True)}
    assert_admitted(running(table_config()), filling, manifests(table_config(is_active=False)))


def test_cadence_without_a_deployed_schedule_is_refused() -> None:
    desired = manifests(table_config(refresh_cadence="1_hour_refresh"), refresh_cadence="1_hour_refresh")
    (problem,) = problems_of(desired, running(), {})
    assert problem.startswith("1_hour_refresh: this environment has no schedule (it has 10_min_refresh)")
    assert "let the pipeline of the etl app deploy it" in problem


def test_job_that_is_not_deployed_is_refused() -> None:
    (problem,) = problems_of(manifests(glue_job_name="other"), running(), {})
    assert "this environment has no Glue job other (it has odpf_file_processor)" in problem


def test_push_brings_the_schedules_and_jobs_of_its_manifests() -> None:
    desired = manifests(table_config(), refresh_cadence="1_hour_refresh", glue_job_name="other")
    assert_admitted(running(), {}, desired, deployed_with(desired.batches))


def test_only_tables_of_new_and_changed_entries_are_asked_about() -> None:
    kept = table_config(source_table_name="s.kept", raw_table_name="kept")
    moved = table_config(raw_table_name="u")
    assert changed_tables(running(kept, table_config()), manifests(kept, moved)) == {"db.t", "db.u"}

"""Files of tables that no manifest names are seen: one entry for each table, as long as its files wait."""

from collections.abc import Sequence

from odp.file_manager.registration import keep_unconfigured_tables
from odp.records import PendingWork, Quarantined, QuarantineKind


class Entries:
    """A quarantine in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, Quarantined] = {}

    def entries(self, kind: QuarantineKind) -> Sequence[str]:
        return list(self.kept)

    def replace(self, entry: Quarantined) -> None:
        self.kept[entry.entry_id] = entry

    def remove(self, kind: QuarantineKind, entry_id: str) -> None:
        del self.kept[entry_id]


def work(name: str, files: int) -> PendingWork:
    return PendingWork(name, files, files * 100, files)


def test_table_without_configuration_has_one_entry_with_its_count_and_bytes_and_is_new_once() -> None:
    quarantine = Entries()
    pending = {"s.known": work("s.known", 1), "s.other": work("s.other", 3)}
    assert keep_unconfigured_tables(pending, {"s.known"}, quarantine) == 1
    assert keep_unconfigured_tables(pending | {"s.other": work("s.other", 5)}, {"s.known"}, quarantine) == 0
    (entry,) = quarantine.kept.values()
    assert (entry.kind, entry.entry_id) == (QuarantineKind.UNCONFIGURED_TABLE, "s.other")
    assert (entry.details["files"], entry.details["bytes"]) == (5, 500)
    assert "s.other: 5 files wait, but no manifest configures the table" in entry.reason


def test_entry_goes_when_the_table_is_configured_or_nothing_waits_any_more() -> None:
    quarantine = Entries()
    pending = {"s.a": work("s.a", 1), "s.b": work("s.b", 1)}
    assert keep_unconfigured_tables(pending, set(), quarantine) == 2
    assert keep_unconfigured_tables({"s.a": work("s.a", 1)}, {"s.a"}, quarantine) == 0
    assert quarantine.kept == {}

"""Whoever may write one object chooses its name: no name reaches another table, stops one, or costs more than it says.

What DMS writes is told here by a grammar of its own; the product's code is asked, never used as the measure.
"""

import json
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from odp.file_manager.registration import Staging, landed_object, listed_object
from odp.file_manager.sources import Sources
from odp.records import LandedFile, QuarantineKind
from odp.table_identity import SourceTable

from lake.landing.listings import ObjectVersion
from lake.landing.object_created import RejectedFile
from tests.unit.hostile_events import VALUES, spoiling
from tests.unit.odp.file_manager.batches import register_batch
from tests.unit.odp.file_manager.test_registration import Ledger, message, s3_event

LANDED = "2026-11-29T12:00:00Z"
LOAD, CHANGE = "LOAD00000001.parquet", "20261129-120102123.parquet"
SOURCES = Sources({"default": "", "crm": "crm"})


def read(key: str, landed_at: str = LANDED, sources: Sources = SOURCES) -> LandedFile | RejectedFile | None:
    return listed_object(ObjectVersion("staging", key, "v1", "e", 1, landed_at), sources)


NAMES_OF_OTHERS = [
    *("LOADFFFFFFFF", "LOAD00000000", "LOAD000F4241", "LOAD0000000", "LOAD000000001", "load00000001", "LOAD0000000a"),
    *("LOAD００００００01", "LOAD-0000001", "LOAD+0000001", "LOAD 0000001", "LOAD0000_001", "SEGMENT1_LOADFFFFFFFF"),
    *("99999999-999999999", "20261301-120000000", "20260230-120000000", "20250229-120000000", "00010101-000000000"),
    *("00000000-000000000", "19691231-235959999", "99991231-235959999", "20261202-120000000", "20271129-120000000"),
    *("20261129-990000000", "20261129-129900000", "20261129-125999000", "20261129-240000000"),
    *(
        "٢٠٢٦١١٢٩-١٢٠١٠٢١٢٣",
        "２０２６１１２９-120102123",
        "2026112９-120102123",
        "20261129-12010२123",
        "20261129-120102",
    ),
    *("+0261129-120102123", "20261129_120102123", "2026 129-120102123", "20261129-120102123" + "0" * 30),
]


@pytest.mark.parametrize("folder", ["hr/salaries/", "crm/hr/salaries/", "hr/salaries/2026/11/29/", "hr/salaries/p1/"])
@pytest.mark.parametrize("name", NAMES_OF_OTHERS)
def test_name_that_dms_does_not_write_is_rejected_with_its_reason(name: str, folder: str) -> None:
    found = read(f"{folder}{name}.parquet")
    assert isinstance(found, RejectedFile), found
    assert ": " in found.reason


@pytest.mark.parametrize("name", [LOAD, CHANGE])
@pytest.mark.parametrize(
    "folder",
    [
        *("crm/../hr/salaries/", "../hr/salaries/", "crm/hr/../salaries/", "hr/../", "hr/./", "./salaries/"),
        *("hr/salaries/../", "hr/salaries/./", "hr/salaries//", "hr//salaries/", "//hr/salaries/", "/hr/", "hr//"),
        *("crm//salaries/", "crm/../salaries/", "crm/./salaries/", "crm/hr/./", "/", "", "hr/"),
        *("h\0r/salaries/", "hr/sala\nries/", "hr/sal\taries/", "hr/sala\x7fries/", "hr/sala\x85ries/"),
        *("hr/sala\u2028ries/", "hr\r\n/salaries/", "hr/salaries/p\x1b[31m/"),
    ],
)
def test_folder_that_leads_elsewhere_or_has_a_control_character_is_rejected(folder: str, name: str) -> None:
    found = read(folder + name)
    assert isinstance(found, RejectedFile), found
    assert found.reason.isprintable()


@pytest.mark.parametrize("dates", ["2026/02/30/", "2026-13-01/", "20260431/", "0000/01/01/", "1969/12/31/",
                                   "31/02/2026/", "٢٠٢٦/١١/٢٩/", "2026/11/29/99/", "2026/1/1/",
                                   "02_2026_30/"])  # fmt: skip
def test_folders_of_a_date_that_is_none_are_rejected(dates: str) -> None:
    assert isinstance(read(f"hr/salaries/{dates}{CHANGE}"), RejectedFile)


@pytest.mark.parametrize(
    ("key", "table"),
    [
        (f"hr/salaries/{LOAD}", SourceTable("default", "hr", "salaries")),
        (f"crm/hr/salaries/{LOAD}", SourceTable("crm", "hr", "salaries")),
        (f"crm/hr/salaries/2026/11/29/{CHANGE}", SourceTable("crm", "hr", "salaries")),
        (f"crmx/salaries/{LOAD}", SourceTable("default", "crmx", "salaries")),
        (f"CRM/salaries/{LOAD}", SourceTable("default", "CRM", "salaries")),
        (f"2026/11/2026/11/29/{CHANGE}", SourceTable("default", "2026", "11")),
        (f"hr/LOAD00000001.parquet/{LOAD}", SourceTable("default", "hr", "LOAD00000001.parquet")),
        (f"Größe/Straße 1/p 2026/SEGMENT3_{LOAD}", SourceTable("default", "Größe", "Straße 1")),
        (f'"q"/a.b:c/{LOAD}', SourceTable("default", '"q"', "a.b:c")),
        (f"a\\b/c\\..\\d/{CHANGE}", SourceTable("default", "a\\b", "c\\..\\d")),
        (f"%2e%2e/a%2Fb+c/{LOAD}", SourceTable("default", "%2e%2e", "a%2Fb+c")),
        (f"hr/.../{LOAD}", SourceTable("default", "hr", "...")),
        (f"hr/{'é' * 60}/{LOAD}", SourceTable("default", "hr", "é" * 60)),
        ("hr/t/LOAD000F4240.parquet", SourceTable("default", "hr", "t")),
    ],
)
def test_name_that_dms_writes_is_its_own_table_taken_as_it_is_and_never_decoded(key: str, table: SourceTable) -> None:
    found = read(key)
    assert isinstance(found, LandedFile), found
    assert SourceTable.parse(found.source_table_name) == table


def test_names_that_look_alike_in_two_normal_forms_are_two_tables() -> None:
    found = [read(f"hr/{name}/{LOAD}") for name in ("caf\u00e9", "cafe\u0301")]
    assert len({file.source_table_name for file in found if isinstance(file, LandedFile)}) == 2


@pytest.mark.parametrize(("hours", "lands"), [(0, True), (14, True), (47, True), (49, False), (24 * 365, False)])
def test_file_of_changes_from_the_future_is_rejected_or_all_later_ones_would_be_late(hours: int, lands: bool) -> None:
    named = datetime(2026, 11, 29, 12, tzinfo=UTC) + timedelta(hours=hours)
    assert isinstance(read(f"hr/t/{named:%Y%m%d-%H%M%S}000.parquet"), LandedFile) is lands


@pytest.mark.parametrize("letter", ["a", "é", "𝔘", '"'])
def test_longest_keys_give_names_that_fit_into_the_keys_of_the_ledger(letter: str) -> None:
    """An item's sort key holds 1,024 bytes; a table's name is one, and part of another."""
    length = (1024 - len(f"/t/{LOAD}")) // len(letter.encode())
    for count in range(1, length + 1):
        found = read(f"{letter * count}/t/{LOAD}")
        assert isinstance(found, LandedFile if count <= 64 else LandedFile | RejectedFile)
        if isinstance(found, LandedFile):
            assert len(f"{found.source_table_name}#{found.file_id}".encode()) <= 1024


LETTERS = st.text(st.characters(codec="utf-8"), max_size=12)
PARTS = st.sampled_from(["", ".", "..", "crm", "hr", "2026", "11", "29", "p1", "\\", "\0", "a\nb", "é", "é", " ", LOAD,
                         CHANGE, *(f"{name}.parquet" for name in NAMES_OF_OTHERS)]) | LETTERS  # fmt: skip
KEYS = st.lists(PARTS, min_size=1, max_size=8).map("/".join) | st.text(st.characters(codec="utf-8"), max_size=400)


def check_any_key(key: str) -> None:
    """A landed file's parts give its key again; a rejected one has a reason of one line; nothing else happens."""
    tracemalloc.start()
    found = read(key)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000
    if isinstance(found, RejectedFile):
        assert found.reason.isprintable()
        assert len(found.reason) < 4_000
        return
    assert isinstance(found, LandedFile)
    table = SourceTable.parse(found.source_table_name)
    folder = "crm/" if table.source == "crm" else ""
    assert key.startswith(f"{folder}{table.schema}/{table.table}/")
    inner = key.removeprefix(f"{folder}{table.schema}/{table.table}/").removesuffix(found.name)
    assert not {"", ".", ".."} & {table.schema, table.table, *inner.split("/")[:-1]}
    if found.is_load:
        assert found.segment == inner + found.name.removesuffix(f"LOAD{found.part_number:08X}.parquet")
        assert 1 <= found.part_number <= 1_000_000
    else:
        time = datetime.strptime(found.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
        assert f"{time:%Y%m%d-%H%M%S}" == found.name[:15]
        assert 1970 <= time.year <= 2026


@given(KEYS)
@example(f"crm/../hr/{LOAD}")
def test_any_key_is_a_landed_file_that_can_be_printed_back_or_is_rejected(key: str) -> None:
    check_any_key(key)


@pytest.mark.slow
@settings(max_examples=5_000)
@given(KEYS)
def test_many_keys_are_landed_files_that_can_be_printed_back_or_are_rejected(key: str) -> None:
    check_any_key(key)


PLACES = [
    *(("time",), ("detail",), ("source",), ("detail-type",), ("account",), ("detail", "bucket"), ("detail", "object")),
    *(("detail", "reason"), ("detail", "bucket", "name")),
    *(("detail", "object", name) for name in ("key", "size", "etag", "version-id", "sequencer")),
]
QUEUE = "arn:aws:sqs:us-east-1:444444444444:landed"


spoilt = spoiling(s3_event)
BODIES = (
    st.builds(spoilt, st.sampled_from(PLACES), VALUES)
    | st.text(max_size=50)
    | VALUES.map(json.dumps)
    | st.sampled_from(["[" * 100_000, '{"a":' * 50_000, "1e999", "NaN", "9" * 5000, "\ud800",
                       '"\\ud800"', "x" * 300_000])
)  # fmt: skip


def check_any_message(body: str) -> None:
    """The message between two good ones is registered, ignored or in quarantine, at once and in what an item holds."""
    ledger = Ledger()
    bodies = [json.dumps(s3_event("s/t/LOAD00000002.parquet")), body, json.dumps(s3_event("s/t/LOAD00000003.parquet"))]
    batch = [{**message(each, f"m{n}"), "eventSourceARN": QUEUE} for n, each in enumerate(bodies)]
    result = register_batch(batch, ledger, ledger)
    assert result.failed_message_ids == ()
    assert result.registered + result.rejected + result.ignored == 3
    assert {"s/t/LOAD00000002.parquet", "s/t/LOAD00000003.parquet"} <= {file.key for file in ledger.files.values()}
    for entry in ledger.quarantine.values():
        assert entry.reason.isprintable()
        assert len(json.dumps([entry.reason, dict(entry.details)])) < 200_000
    for file in ledger.files.values():
        assert datetime.fromisoformat(file.landed_at).utcoffset() == timedelta()
        assert file.landing_order
        assert len(str(file)) < 10_000


@settings(max_examples=200)
@given(BODIES)
@example(spoilt(("detail", "object", "size"), float("inf")))
@example(spoilt(("time",), "yesterday"))
@example(spoilt(("detail", "object", "sequencer"), 7))
@example(spoilt(("detail", "object", "key"), "k" * 65_536))
@example("[" * 100_000)
@example("\ud800")
def test_any_message_stands_for_itself_and_poison_is_in_quarantine_at_once(body: str) -> None:
    check_any_message(body)


@pytest.mark.slow
@settings(max_examples=2_000)
@given(BODIES)
def test_each_of_many_messages_stands_for_itself(body: str) -> None:
    check_any_message(body)


@pytest.mark.parametrize(
    ("place", "value", "reason"),
    [
        (("detail", "bucket", "name"), "someone-elses", "bucket someone-elses has no role in this lake"),
        (("account",), "666666666666", "it is an event of account '666666666666', and the queue's is 444444444444"),
        (("source",), "evil", "source is 'evil', not aws.s3"),
    ],
)
def test_event_of_another_bucket_or_account_is_in_quarantine_as_malformed(
    place: tuple[str, ...], value: str, reason: str
) -> None:
    ledger = Ledger()
    sent = {**message(spoilt(place, value)), "eventSourceARN": QUEUE}
    register_batch([sent], ledger, ledger, Staging(SOURCES))
    (entry,) = ledger.quarantine.values()
    assert (entry.kind, ledger.files) == (QuarantineKind.MALFORMED_MESSAGE, {})
    assert reason in entry.reason


def test_key_of_an_event_is_not_decoded() -> None:
    landed = landed_object(s3_event(f"a%2Fb/c+d%20/{LOAD}"))
    assert isinstance(landed, LandedFile)
    assert (landed.schema_name, landed.table_name) == ("a%2Fb", "c+d%20")

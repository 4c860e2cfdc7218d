"""Anyone may drop a file, under any key: a key is loaded unchanged or rejected, and no message disturbs another."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from taxi.bundles.closing import ClosedBundle
from taxi.bundles.retrying import Settled
from taxi.datasets.dataset import FileFormat, load_datasets
from taxi.datasets.layouts import match_layout
from taxi.errors import LayoutError
from taxi.landing.registration import Landing, landed_object
from taxi.records import Bundle, FileOutcome, LandedFile, LoadStatus

from lake.landing.object_created import EventError, RejectedFile
from tests.unit.hostile_events import VALUES, spoiling
from tests.unit.taxi.landing.batches import take_in
from tests.unit.taxi.landing.test_registration import Executions
from tests.unit.taxi.memory import MemoryAudit
from tests.unit.taxi.samples import landed, message, object_created

DATASETS = load_datasets()
QUEUE = "arn:aws:sqs:us-east-1:444444444444:landed"
GOOD = ["nyc-taxi/yellow/good1.csv", "nyc-taxi/green/good2.csv"]


@pytest.mark.parametrize(
    "key",
    [
        "nyc-taxi/yellow//a.csv",
        "nyc-taxi/yellow/../green/a.csv",
        "nyc-taxi/yellow/./a.csv",
        "nyc-taxi/yellow/_a.csv",
        "nyc-taxi/yellow/.a.csv",
        "nyc-taxi/yellow/a\0.csv",
        "nyc-taxi/yellow/a\nfailed: b.csv",
        "nyc-taxi/yellow/\x1b.csv",
        "nyc-taxi/yellow/a\u2028.csv",
        "nyc-taxi/yellow/x/../../a.csv",
        "nyc-taxi/yellow/a.csv/",
        "nyc-taxi/yellow/s3:{a}.csv",
        "nyc-taxi/yellow/a:b/[c]*.csv",
        "nyc-taxi/yellow%2Fa.csv",
        "/nyc-taxi/yellow/a.csv",
        "nyc-taxi\\yellow\\a.csv",
        "NYC-TAXI/yellow/a.csv",
        "nyc-taxi/../nyc-taxi/yellow/a.csv",
    ],
)
def test_key_that_spark_would_read_as_another_one_is_rejected_on_one_line(key: str) -> None:
    found = landed_object(object_created(key), DATASETS, "raw")
    assert isinstance(found, RejectedFile), found
    assert found.reason.isprintable()


def check_any_key(key: str) -> None:
    try:
        found = landed_object(object_created(key), DATASETS, "raw")
    except EventError:
        assert not key or len(key.encode("utf-8", "surrogatepass")) > 1024 or not key.isprintable()
        return
    assert found.key == key
    if isinstance(found, LandedFile):
        assert key.startswith(f"nyc-taxi/{found.dataset}/")
        assert not {"", ".", ".."} & set(key.split("/"))
        assert not any(ord(letter) < 32 for letter in key)
    else:
        assert found.reason.isprintable()
        assert len(found.reason) < 4_000


PARTS = st.sampled_from(["", ".", "..", "a.csv", "b.PARQUET", "_a.csv", "${env:HOME}.csv", "a\nb.csv", "\\", "é", "é"])
KEYS = st.text() | st.lists(PARTS | st.text(max_size=10), max_size=5).map("/".join).map("nyc-taxi/yellow/".__add__)


@given(KEYS)
@example("k" * 65_536)
def test_any_key_lands_as_it_is_or_is_rejected(key: str) -> None:
    check_any_key(key)


@pytest.mark.slow
@settings(max_examples=5_000)
@given(KEYS)
def test_many_keys_land_as_they_are_or_are_rejected(key: str) -> None:
    check_any_key(key)


PLACES = [("time",), ("detail",), ("account",), ("detail", "bucket"), ("detail", "object"),
          ("detail", "bucket", "name"), *(("detail", "object", name)
          for name in ("key", "size", "etag", "version-id", "sequencer"))]  # fmt: skip


spoilt = spoiling(object_created)
BODIES = st.builds(spoilt, st.sampled_from(PLACES), VALUES) | VALUES.map(json.dumps) | st.text(max_size=50)


def check_any_message(body: str) -> None:
    audit = MemoryAudit()
    bodies = [object_created(GOOD[0]), body, object_created(GOOD[1])]
    batch = [{**message(each, f"m{number}"), "eventSourceARN": QUEUE} for number, each in enumerate(bodies)]
    result = take_in(Landing(audit, Executions(), DATASETS, "raw"), batch)
    assert result.failed_message_ids == ()
    assert set(GOOD) <= {file.key for file in audit.marked.values()}
    assert len(audit.marked) + len(audit.rejected) == 3
    assert all(len(str(file)) < 20_000 and file.reason.isprintable() for file in audit.rejected)


@settings(max_examples=100)
@given(BODIES)
@example("[" * 100_000)
@example("\ud800")
@example(spoilt(("detail", "object", "size"), float("inf")))
@example(spoilt(("detail", "bucket", "name"), "someone-elses"))
@example(spoilt(("account",), "666666666666"))
def test_any_message_stands_for_itself(body: str) -> None:
    check_any_message(body)


@pytest.mark.slow
@settings(max_examples=2_000)
@given(BODIES)
def test_each_of_many_messages_stands_for_itself(body: str) -> None:
    check_any_message(body)


def test_event_of_another_bucket_or_account_is_rejected_as_malformed() -> None:
    audit, executions = MemoryAudit(), Executions()
    bodies = [spoilt(("detail", "bucket", "name"), "someone-elses"), spoilt(("account",), "666666666666")]
    batch = [{**message(body), "eventSourceARN": QUEUE} for body in bodies]
    assert take_in(Landing(audit, executions, DATASETS, "raw"), batch).rejected == 2
    assert (audit.marked, executions.started) == ({}, [])
    assert all("is no Object Created event" in file.reason for file in audit.rejected)


def test_mail_quotes_keys_cuts_errors_and_has_no_line_of_theirs() -> None:
    """L1: text from AWS's address that an attacker wrote."""
    key = "nyc-taxi/yellow/x.csv\n\nYour account is suspended: https://evil.example/" + "x" * 900
    bundle = Bundle("yellow", "run-1", 1, (landed("f1", key=key), landed("f2")))
    error = "unknown columns: a\n\nfailed: everything\x1b[31m\u2028" + "y" * 5_000
    outcomes = (FileOutcome("f1", LoadStatus.FAILED, error=error), FileOutcome("f2", LoadStatus.LOADED))
    message = ClosedBundle(bundle, tuple(map(Settled, outcomes))).state_input["message"]
    lines = message.split("\n")
    assert len(lines) == 4
    assert all(line.isprintable() for line in lines)
    assert lines[3].startswith("failed: 'nyc-taxi/yellow/x.csv\\n\\nYour account")
    assert len(lines[3]) < 1_000


def test_header_of_thousands_of_columns_makes_a_short_reason_of_one_line() -> None:
    names = ["", "a\nb", *(f"{number}{'z' * 50}" for number in range(60_000))]
    with pytest.raises(LayoutError) as refused:
        match_layout(DATASETS["yellow"], FileFormat.CSV, names)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 10_000
    assert "and 59,982 more" in str(refused.value)

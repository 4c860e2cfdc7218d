"""Each key is loaded once, in its current version, whichever entries of a bundle name it."""

from taxi.conformed.selection import GONE, select_current
from taxi.records import FileOutcome, LandedFile, LoadStatus

from tests.unit.taxi.samples import landed

KEY = "nyc-taxi/yellow/a.csv"


def entry(file_id: str, etag: str, minute: int, key: str = KEY) -> LandedFile:
    return landed(file_id, key=key, etag=etag, landed_at=f"2026-01-01T00:{minute:02}:00Z")


def test_of_several_entries_the_one_with_the_present_content_is_loaded() -> None:
    files = [entry("new", "e2", 2), entry("old", "e1", 1)]
    selection = select_current(files, {KEY: "e2"})
    assert [(source.file_id, source.version, source.is_superseded) for source in selection.to_load] == [
        ("new", "e2", False)
    ]
    assert selection.settled == (FileOutcome("old", LoadStatus.SUPERSEDED),)


def test_of_entries_with_the_same_content_the_newest_is_loaded() -> None:
    files = [entry("first", "e1", 1), entry("again", "e1", 2)]
    selection = select_current(files, {KEY: "e1"})
    assert [source.file_id for source in selection.to_load] == ["again"]
    assert selection.settled == (FileOutcome("first", LoadStatus.SUPERSEDED),)


def test_an_older_content_that_was_put_back_is_loaded_for_its_own_entry() -> None:
    files = [entry("a", "e1", 1), entry("b", "e2", 2)]
    selection = select_current(files, {KEY: "e1"})
    assert [source.file_id for source in selection.to_load] == ["a"]


def test_content_that_no_entry_has_is_loaded_and_its_entry_is_superseded() -> None:
    (source,) = select_current([entry("a", "e1", 1)], {KEY: "e9"}).to_load
    assert (source.file_id, source.version, source.is_superseded) == ("a", "e9", True)


def test_an_object_that_is_gone_fails_every_entry_of_its_key_and_no_other() -> None:
    other = entry("c", "e3", 3, key="nyc-taxi/yellow/c.csv")
    selection = select_current([entry("a", "e1", 1), entry("b", "e2", 2), other], {KEY: None, other.key: "e3"})
    assert [source.file_id for source in selection.to_load] == ["c"]
    assert selection.settled == (
        FileOutcome("a", LoadStatus.FAILED, error=GONE),
        FileOutcome("b", LoadStatus.FAILED, error=GONE),
    )


def test_spark_finds_a_file_under_its_key_as_it_is() -> None:
    key = "nyc-taxi/yellow/a b+%20.csv"
    (source,) = select_current([entry("a", "e1", 1, key=key)], {key: "e1"}).to_load
    assert source.uri == f"s3://raw/{key}"

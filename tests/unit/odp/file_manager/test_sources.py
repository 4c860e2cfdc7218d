"""C3, F3: the configured folder of a source decides to whom a file belongs; nothing is guessed."""

import pytest
from odp.errors import ObjectKeyError
from odp.file_manager.sources import DEFAULT_SOURCES, Sources

LOAD = "public/users/LOAD00000001.parquet"
CHANGE = "public/users/2026/01/05/20260105-120102123.parquet"


@pytest.mark.parametrize("file", [LOAD, CHANGE])
def test_equal_schema_and_table_in_two_sources_are_two_tables(file: str) -> None:
    sources = Sources({"crm": "crm", "erp": "tasks/erp"})
    names = [sources.parse_object_key(f"{folder}/{file}").source_table_name for folder in ("crm", "tasks/erp")]
    assert names == ["crm:public.users", "erp:public.users"]


@pytest.mark.parametrize(
    ("key", "source", "schema"),
    [
        (f"dms/erp/{LOAD}", "erp", "public"),
        (f"dms/{LOAD}", "default", "public"),
        ("dms/erp2/users/LOAD00000001.parquet", "default", "erp2"),
        ("crm/users/LOAD00000001.parquet", "rest", "crm"),
    ],
)
def test_source_with_the_longest_folder_wins_and_a_folder_never_matches_its_neighbours_of_a_longer_name(
    key: str, source: str, schema: str
) -> None:
    sources = Sources({"rest": "", "default": "dms", "erp": "dms/erp"})
    found = sources.parse_object_key(key)
    assert (found.source, found.schema_name, found.table_name) == (source, schema, "users")


@pytest.mark.parametrize("key", [f"other/{LOAD}", LOAD, f"crm2/{CHANGE}", "readme.txt"])
def test_key_below_no_sources_folder_is_refused_with_the_sources_that_there_are(key: str) -> None:
    with pytest.raises(ObjectKeyError, match=r"lies in no source's folder \(crm in crm/, erp in tasks/erp/\); add the"):
        Sources({"crm": "crm", "erp": "tasks/erp"}).parse_object_key(key)


def test_file_of_a_folder_that_is_not_configured_never_becomes_the_table_that_it_is_named_after() -> None:
    """With the default source at the top, `dms/` is a schema: nobody's table gets the rows."""
    assert DEFAULT_SOURCES.parse_object_key(f"dms/{LOAD}").source_table_name == "dms.public"
    with pytest.raises(ObjectKeyError, match="if the source's tables lie deeper, configure its folder"):
        DEFAULT_SOURCES.parse_object_key("dms/public/users/20260105-120102123.parquet")


def test_sources_are_read_from_json_with_fields_that_a_newer_release_added() -> None:
    document = '{"default": {"folder": "/dms/", "format": "dms"}, "erp": {"folder": ""}}'
    assert Sources.from_json(document).folders == {"default": "dms", "erp": ""}

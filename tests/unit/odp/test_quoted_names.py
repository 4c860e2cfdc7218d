"""Names of columns survive being one text, whatever the source calls its columns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odp.table_identity import read_columns, write_columns

NAMES = st.text(st.characters(codec="utf-8"), min_size=1) | st.text(', "\n\tA', min_size=1)


@given(st.lists(NAMES, min_size=1))
def test_names_are_read_as_they_were_written(names: list[str]) -> None:
    assert read_columns(write_columns(names)) == tuple(names)


def test_ordinary_names_are_written_as_releases_before_wrote_them() -> None:
    assert write_columns(["ID", "Order No"]) == "ID,Order No"
    assert write_columns([]) == ""


@pytest.mark.parametrize("text", ["", " ", ",", "A,", ",A", 'A"', '"A', '""', '"A"B'])
def test_text_that_is_no_list_of_names_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no list of columns"):
        read_columns(text)

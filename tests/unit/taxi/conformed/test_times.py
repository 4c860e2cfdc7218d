"""A year that would overflow is told by the text, before Spark's parser sees it."""

import re

import pytest
from taxi.conformed.times import year_pattern


@pytest.mark.parametrize(
    ("format_", "text", "fits"),
    [
        ("yyyy-MM-dd HH:mm:ss.SSS", "2021-01-01 10:00:00.5", True),
        ("yyyy-MM-dd HH:mm:ss.SSS", "+999999-01-01 10:00:00.5", False),
        ("yyyy-MM-dd HH:mm:ss.SSSSSS", "999999-01-01 10:00:00.5", False),
        ("yyyy-MM-dd HH:mm:ss.SSSSSS", "-2021-01-01 10:00:00.5", False),
        ("M/d/y h:mm a", "1/2/2021 3:04 PM", True),
        ("M/d/y h:mm a", "1/2/20210 3:04 PM", False),
        ("yyyy-MM-dd'T'HH:mm[:ss][XXX]", "2021-01-01T10:00", True),
        ("yyyy-MM-dd'T'HH:mm[:ss][XXX]", "2021-01-01T10:00:01+02:00", True),
        ("yyyy-MM-dd'T'HH:mm[:ss][XXX]", "12021-01-01T10:00:01+02:00", False),
        ("uuuu ''MMMM", "2021 'January", True),
        ("yyyyMMddHHmmssSSS", "20210101100000123", True),
        ("dd.MM.yyyy", "01.02.2021", True),
        ("dd.MM.yyyy", "01x02.2021", False),
    ],
)
def test_texts_of_a_format_have_years_of_at_most_four_digits(format_: str, text: str, fits: bool) -> None:
    assert (re.match(year_pattern(format_), text) is not None) is fits

"""Decision 20 names every part of the rehearsal that is more than a page of own code, so that none goes unasked."""

from tests.configuration import PROJECT

PAGE = (PROJECT / "docs/decisions/0020-own-code-in-the-rehearsal.md").read_text()
LINES = 100


def test_every_file_of_more_than_a_hundred_lines_has_a_row_with_the_reason() -> None:
    files = [file.relative_to(PROJECT / "rehearsal") for file in (PROJECT / "rehearsal").rglob("*.py")]
    long = [file for file in files if len((PROJECT / "rehearsal" / file).read_text().splitlines()) > LINES]
    assert len(long) > 50
    unnamed = [str(file) for file in long if f"`{file.name}`" not in PAGE and f"`{file.parts[0]}`" not in PAGE]
    assert unnamed == []

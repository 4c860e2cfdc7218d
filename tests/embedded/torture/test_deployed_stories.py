"""Rules 1 to 9 together on the deployed lake: real Glue runs that are killed, paused, throttled and overtaken."""

from pathlib import Path

from rehearsal.torture.deployed.campaign import campaign, deployed_lake

SEEDS = range(20)
"""Each is a table; `make torture-lake` plays any number."""


def test_tables_of_the_lake_equal_the_source_and_the_books_agree_with_the_files_after_any_story(tmp_path: Path) -> None:
    with deployed_lake(tmp_path) as lake:
        problems = campaign(lake, SEEDS, say=lambda _: None)
    assert not [str(problem) for problem in problems]

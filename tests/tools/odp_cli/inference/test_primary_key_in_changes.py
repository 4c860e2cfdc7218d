"""A proposed key is one that the change files have, too, in every change."""

from odp_cli.inference.findings import Candidate

from tests.tools.odp_cli.inference.landing import Landing

ROWS = 200


def numbers() -> list[int]:
    return list(range(ROWS))


def test_key_column_must_exist_in_every_change_file(landing: Landing) -> None:
    landing.load({"id": numbers(), "code": [f"c{row}" for row in numbers()]})
    landing.changes({"id": [1], "code": ["c1"]}, minute=1)
    landing.changes({"code": ["c1"]}, minute=2)
    found = landing.profile().primary_key
    assert found.columns == ("code",)
    assert found.candidates[1] == Candidate(
        ("id",),
        "unique and never NULL in 200 of 200 sampled full-load rows",
        objections=("id is absent from 1 of 2 change files",),
    )


def test_key_column_must_have_a_value_in_every_change_and_deletes_are_changes(landing: Landing) -> None:
    landing.load({"id": numbers(), "code": [f"c{row}" for row in numbers()]})
    landing.changes({"Op": ["U", "D"], "id": [1, None], "code": ["c1", "c2"]})
    found = landing.profile().primary_key
    assert found.columns == ("code",)
    assert found.candidates[1].objections == ("id is empty in 1 change, which then belong to no row",)


def test_evidence_tells_that_the_change_files_have_the_key(landing: Landing) -> None:
    landing.load({"id": numbers()})
    landing.changes({"Op": ["U"], "id": [1]})
    assert landing.profile().primary_key.reason.endswith("rows; in every change file read (1)")


def test_key_may_repeat_in_changes(landing: Landing) -> None:
    landing.load({"id": numbers()})
    landing.changes({"Op": ["U", "U", "D", "I"], "id": [1, 1, 1, 1]})
    assert landing.profile().primary_key.columns == ("id",)


def test_inserted_rows_stand_in_for_a_full_load_that_never_landed(landing: Landing) -> None:
    landing.changes({"Op": ["I"] * 3 + ["U", "D"], "id": [1, 2, 3, 1, 1], "name": ["a", "a", "b", "c", "d"]})
    found = landing.profile().primary_key
    assert found.columns == ("id",)
    assert found.reason == (
        "unique and never NULL in 3 of 3 sampled inserted rows of change files; in every change file read (1)"
    )

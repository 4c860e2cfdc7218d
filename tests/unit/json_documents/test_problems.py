"""Messages name the place, the value and the way to write it right; what is right is what the schema says."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

import pytest
from json_documents.model import Matching, Model, optional, readable_fields
from json_documents.problems import MOST_SHOWN, problems_of
from json_documents.text import read_json
from pydantic import AliasChoices, Field, StrictBool, ValidationError


class Wheel(Model):
    """A wheel of a cart."""

    SECOND_NAMES: ClassVar[Mapping[str, str]] = {"wood": "material"}

    size: Annotated[int, Field(strict=True, ge=2, le=9, validation_alias=AliasChoices("size", "diameter"))]
    """In inches."""
    share: Annotated[float, Field(strict=True, gt=0)] = 1
    spokes: Annotated[int, Field(strict=True, ge=3)] = 8
    material: Literal["oak", "ash"] = "oak"
    kind: Annotated[Literal["O", "A"], Field(alias="wood")] = "O"
    is_spare: StrictBool = False
    mark: Annotated[str, Matching("[a-z]+", "mark (a-z)"), Field(examples=["x"])] = "a"
    code: Annotated[str, Field(pattern="^[0-9]+$", examples=["12"])] = "1"


class Cart(Model):
    """A cart."""

    wheels: Annotated[tuple[Wheel, ...], Field(min_length=1)] = (Wheel(size=2),)
    by_name: dict[Annotated[str, Field(pattern="^[a-z]+$")], Wheel] = {}  # noqa: RUF012  pydantic copies it


def problems(document: object) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        Cart.model_validate(document)
    return [
        ": ".join([*problem.place(document, {"wheels": "mark"}), problem.reason])
        for problem in problems_of(refused.value, Cart)
    ]


def of_wheel(**fields: Any) -> list[str]:
    return problems({"wheels": [{"size": 3, **fields}]})


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"size": "3"}, "size: must be a whole number from 2 to 9, without quotes, not '3'"),
        ({"size": 10}, "size: must be a whole number from 2 to 9, not 10"),
        ({"size": True}, "size: must be a whole number from 2 to 9, not true"),
        ({"size": None}, "size: must be a whole number from 2 to 9, not null"),
        ({"spokes": 2}, "spokes: must be a whole number of at least 3, not 2"),
        ({"share": "1"}, "share: must be a number, without quotes, not '1'"),
        ({"material": "elm"}, "material: 'elm' is not known; write oak or ash"),
        ({"wood": "oak"}, "wood: 'oak' is not known; write O or A"),
        ({"is_spare": "true"}, "is_spare: must be true or false, without quotes, not 'true'"),
        ({"is_spare": 1}, "is_spare: must be true or false, not 1"),
        ({"mark": 3}, 'mark: must be a text such as x in quotes, "3", not 3'),
        ({"code": "a"}, "code: 'a' does not match ^[0-9]+$ such as 12"),
        ({"sise": 3}, "unknown field 'sise'; did you mean 'size'?"),
        ({"diametre": 3}, "unknown field 'diametre'; did you mean 'diameter'?"),
        ({"xyz": 3}, "unknown field 'xyz'; known are size, share, spokes, material, is_spare, mark, code"),
        ({"diameter": 3}, "size and diameter are two names of one field; keep one"),
        ({"wood": "O", "material": "oak"}, "material and wood are two names of one field; keep one"),
    ],
)
def test_wrong_field_is_told_with_the_way_out(fields: dict[str, Any], problem: str) -> None:
    assert [found.partition(": entry 1: ")[2] or found.split(": ", 2)[2] for found in of_wheel(**fields)] == [problem]


def test_text_of_another_form_names_its_entry() -> None:
    assert of_wheel(mark="A") == ["wheels: A: mark: 'A' is no mark (a-z)"]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ([], ["must be an object with wheels, by_name, not []"]),
        ({"wheels": {}}, ["wheels: must be a list, not {}"]),
        ({"wheels": []}, ["wheels: must have at least 1 entry, not []"]),
        ({"wheels": [{}]}, ["wheels: entry 1: size (or diameter) is missing"]),
        (
            {"wheels": [{"size": 3}, 5]},
            ["wheels: entry 2: must be an object with size, share, spokes, material, is_spare, mark, code, not 5"],
        ),
        ({"by_name": {"a": {"size": 1}}}, ["by_name: a: size: must be a whole number from 2 to 9, not 1"]),
        ({"by_name": {"A": {"size": 3}}}, ["by_name: 'A' does not match ^[a-z]+$"]),
        ({"by_name": []}, ["by_name: must be an object, not []"]),
    ],
)
def test_wrong_place_is_told(document: object, told: list[str]) -> None:
    assert problems(document) == told


def test_long_value_is_cut() -> None:
    (problem,) = of_wheel(material="x" * 1000)
    assert len(problem) < MOST_SHOWN + 100


def test_what_is_right_of_a_wrong_object_can_be_read() -> None:
    parts = optional(Wheel, "Parts", "What can be read.")
    assert readable_fields(Wheel, parts, {"size": 3})["spokes"] == 8
    assert readable_fields(Wheel, parts, {"spokes": 9, "size": "x", "mrk": 1}) == {"spokes": 9}
    assert readable_fields(Wheel, parts, {"spokes": 9, "wood": "A", "material": "oak"}) == {
        "spokes": 9,
        "material": "oak",
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "is not JSON: Expecting property name"),
        ('{"a": 1, "a": 2}', "one object names 'a' twice; keep one"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_text_that_cannot_be_read_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_json(text)


@pytest.mark.parametrize("levels", [60, 200, *range(940, 1000)])
def test_text_that_nests_deeper_than_people_write_is_refused_whatever_the_depth(levels: int) -> None:
    """Just below Python's own limit a text can be read, and then be neither checked nor shown."""
    for text in ("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels):
        with pytest.raises(ValueError, match="nested too deeply"):
            read_json(text)


@pytest.mark.parametrize(
    "text", [r'"\ud800"', r'["x", {"y": "\udc00z"}]', r'{"a\ud800": 1}', r'[[{"a": [{"\udfff": []}]}]]']
)
def test_text_with_half_of_a_character_is_refused(text: str) -> None:
    """Such a text can be compared, but neither be stored nor be shown."""
    with pytest.raises(ValueError, match=r"half of a character.*write the character itself"):
        read_json(text)


def test_character_that_json_writes_in_two_halves_is_read() -> None:
    assert read_json(r'{"\ud83d\ude95": "\ud83d\ude95"}') == {"🚕": "🚕"}


def test_byte_order_mark_and_endless_number_are_refused_in_words_of_a_file() -> None:
    with pytest.raises(ValueError, match="byte order mark; save it as UTF-8 without one"):
        read_json("\ufeff{}")
    with pytest.raises(ValueError, match="a number has too many digits") as refused:
        read_json(f'{{"a": {"1" * 5000}}}')
    assert "sys." not in str(refused.value)


def test_object_whose_problem_has_no_place_is_read_as_far_as_it_can_be() -> None:
    """Pydantic names no place for a name that is half of a character."""
    partial = optional(Wheel, "WheelParts", "What can be read.")
    assert readable_fields(Wheel, partial, {"size": 2, "\ud800": 1}) == {"size": 2}

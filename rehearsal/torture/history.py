"""A source table that lives through a random history and knows its rows and every change that was ever made to it."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

SEQUENCE_DIGITS = 35

INT, BIGINT, FLOAT, DOUBLE, STRING = "int", "bigint", "float", "double", "string"
WIDER = {INT: BIGINT, FLOAT: DOUBLE}
REGIONS = ("north", "south", "east", None)
TEXTS = ("", "plain", "Grüße, 世界 🌍", "a/b=c%2Bd", None)

Row = Mapping[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the source's log: what was done, to which row, and the row as it then was (or had been)."""

    operation: str
    row: Row
    sequence: str


class SourceTable:
    """One table of the source, with the log of its changes."""

    def __init__(self, key: tuple[str, ...], keys: int) -> None:
        """Few keys are used again and again; many of them make a full load of many parts."""
        self.key = key
        self._keys = keys
        others = {"REGION": STRING, "AMOUNT": INT, "RATE": FLOAT, "NOTE": STRING}
        self.columns: dict[str, str] = {**dict.fromkeys(key, INT), **others}
        self.rows: dict[Key, Row] = {}
        self.log: list[Change] = []

    def change(self, draw: Random) -> None:
        """Insert, update, move or delete one row at random, or delete it and use its key again at once."""
        key = tuple(draw.randrange(self._keys) if number == 0 else draw.randrange(2) for number in range(len(self.key)))
        if key not in self.rows:
            self._insert(key, draw)
            return
        operation = draw.choice(("update", "update", "move", "delete", "delete", "replace"))
        if operation in ("delete", "replace"):
            self._write("D", self.rows.pop(key))
        if operation == "replace":
            self._insert(key, draw)
        if operation in ("update", "move"):
            changed = {"REGION": draw.choice(REGIONS)} if operation == "move" else self._values(draw)
            self.rows[key] = {**self.rows[key], **changed}
            self._write("U", self.rows[key])

    def add_column(self) -> None:
        """Add a nullable column; rows that exist have no value in it."""
        name = f"EXTRA_{len(self.columns)}"
        self.columns[name] = STRING
        self.rows = {key: {**row, name: None} for key, row in self.rows.items()}

    def widen(self, draw: Random) -> None:
        """Let one column hold more, if there is one left that can."""
        narrow = [name for name, type_ in self.columns.items() if type_ in WIDER and name not in self.key]
        if narrow:
            name = draw.choice(narrow)
            self.columns[name] = WIDER[self.columns[name]]

    def _insert(self, key: Key, draw: Random) -> None:
        identity = dict(zip(self.key, key, strict=True))
        self.rows[key] = {**identity, "REGION": draw.choice(REGIONS), **self._values(draw)}
        self._write("I", self.rows[key])

    def _write(self, operation: str, row: Row) -> None:
        self.log.append(Change(operation, row, f"{len(self.log) + 1:0{SEQUENCE_DIGITS}d}"))

    def _values(self, draw: Random) -> dict[str, Any]:
        columns = {name: type_ for name, type_ in self.columns.items() if name not in (*self.key, "REGION")}
        return {name: _value(type_, draw) for name, type_ in columns.items()}


def _value(type_: str, draw: Random) -> Any:  # noqa: ANN401 - a value of any of the column types
    if type_ == STRING:
        return draw.choice(TEXTS)
    if type_ in (INT, BIGINT):
        return draw.choice((None, draw.randrange(1000), 2**31 - 1 if type_ == INT else 2**40 + draw.randrange(1000)))
    return draw.choice((None, draw.randrange(1000) / 4, 1 / 3 if type_ == DOUBLE else -0.5))

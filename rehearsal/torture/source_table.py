"""A source table in a random history, with its rows and the log of its changes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

SEQUENCE_DIGITS = 35

INT, BIGINT, FLOAT, DOUBLE, STRING = "int", "bigint", "float", "double", "string"
_TYPES = (INT, BIGINT, FLOAT, DOUBLE, STRING)
WIDER = {INT: BIGINT, FLOAT: DOUBLE}
REGIONS = ("north", "south", "east", None)
TEXTS = ("", "plain", "Grüße, 世界 🌍", "a/b=c%2Bd", None)
ADDED, WIDENED, DROPPED, RETYPED = "added", "widened", "dropped", "retyped"
OF_A_LOAD_ONLY = (DROPPED, RETYPED)
"""What a table takes from a load alone that replaces it."""
CLOCK = "CLOCK"
"""A column of the business that looks like an order and is none: its values repeat, are NULL and run backwards."""

Row = Mapping[str, Any]
Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the source's log: what was done, to which row, and the row as it then was (or had been).

    `old_key` is the key that the row had before an update of its key.
    """

    operation: str
    row: Row
    sequence: str
    old_key: Key | None = None


class SourceTable:
    """One table of the source, with the log of its changes."""

    def __init__(self, key: tuple[str, ...], keys: int) -> None:
        """Few keys are used again and again; many of them make a full load of many parts."""
        self.key = key
        self._keys = keys
        self._added = 0
        others = {"REGION": STRING, "AMOUNT": INT, "RATE": FLOAT, "NOTE": STRING, CLOCK: INT}
        self.columns: dict[str, str] = {**dict.fromkeys(key, INT), **others}
        self.rows: dict[Key, Row] = {}
        self.log: list[Change] = []

    def change(self, draw: Random) -> None:
        """Insert, update, move or delete one row at random, or delete it and use its key again at once."""
        key = self._any_key(draw)
        if key not in self.rows:
            self._insert(key, draw)
            return
        operation = draw.choice(("update", "update", "move", "delete", "delete", "replace"))
        if operation in ("delete", "replace"):
            self._write("D", self.rows.pop(key))
        if operation == "replace":
            self._insert(key, draw)
        if operation in ("update", "move"):
            changed = {"REGION": self._region(draw)} if operation == "move" else self._values(draw)
            self.rows[key] = {**self.rows[key], **changed}
            self._write("U", self.rows[key])

    def change_key(self, draw: Random) -> None:
        """Give a row another key, if there is a row and the key is free."""
        new = self._any_key(draw)
        if not self.rows or new in self.rows:
            return
        old = draw.choice(sorted(self.rows))
        self.rows[new] = {**self.rows.pop(old), **dict(zip(self.key, new, strict=True))}
        self._write("U", self.rows[new], old)

    def truncate(self) -> None:
        """Remove every row; the log of changes has no line of it."""
        self.rows.clear()

    def add_column(self) -> None:
        """Add a nullable column; rows that exist have no value in it."""
        name = self._new_name()
        self.columns[name] = STRING
        self.rows = {key: {**row, name: None} for key, row in self.rows.items()}

    def widen(self, draw: Random) -> None:
        """Let one column hold more, if there is one left that can."""
        narrow = [name for name, type_ in self.columns.items() if type_ in WIDER and name not in self.key]
        if narrow:
            name = draw.choice(narrow)
            self.columns[name] = WIDER[self.columns[name]]

    def alter(self, draw: Random, kept: Collection[str], *, keeps_all: bool) -> str:
        """Add, widen, drop or retype a column; gives which. Columns that are `kept` are neither dropped nor retyped."""
        others = [name for name in self.columns if name not in kept]
        how = draw.choice((ADDED, WIDENED) if keeps_all or not others else (ADDED, WIDENED, DROPPED, RETYPED))
        if how == WIDENED:
            self.widen(draw)
        if how == ADDED:
            self.add_column()
        if how in OF_A_LOAD_ONLY:
            name = draw.choice(others)
            before = self.columns.pop(name)
            if how == RETYPED:
                self.columns[name] = draw.choice(
                    [type_ for type_ in _TYPES if type_ not in (before, WIDER.get(before))]
                )
            self.rows = {key: self._converted(row, name, draw) for key, row in self.rows.items()}
        return how

    def _converted(self, row: Row, name: str, draw: Random) -> Row:
        """A row without a column, or with a value of its new type."""
        converted = {other: value for other, value in row.items() if other != name}
        return converted | ({name: _value(name, self.columns[name], draw)} if name in self.columns else {})

    def create_again(self, draw: Random, kept: Collection[str], *, keeps_all: bool) -> None:
        """Drop the table and create one of its name with another set of columns; the log has no line of it.

        Columns that are not kept may be missing or of another type, unless the new table `keeps_all`.
        """
        self.rows.clear()
        columns = dict(self.columns)
        for name in [name for name in columns if name not in kept and not keeps_all]:
            type_ = draw.choice((*_TYPES, None))
            columns |= {name: type_ or STRING}
            if type_ is None:
                del columns[name]
        self.columns = columns
        self.columns[self._new_name()] = draw.choice(_TYPES)

    def key_of(self, row: Row) -> Key:
        """The key of a row."""
        return tuple(row[name] for name in self.key)

    def _new_name(self) -> str:
        self._added += 1
        return f"EXTRA_{self._added}"

    def _any_key(self, draw: Random) -> Key:
        return tuple(
            draw.randrange(self._keys) if number == 0 else draw.randrange(2) for number in range(len(self.key))
        )

    def _insert(self, key: Key, draw: Random) -> None:
        identity = dict(zip(self.key, key, strict=True))
        self.rows[key] = {**identity, "REGION": self._region(draw), **self._values(draw)}
        self._write("I", self.rows[key])

    def _write(self, operation: str, row: Row, old_key: Key | None = None) -> None:
        self.log.append(Change(operation, row, f"{len(self.log) + 1:0{SEQUENCE_DIGITS}d}", old_key))

    def _region(self, draw: Random) -> Any:  # noqa: ANN401 - a column that no configuration names may have any type
        return _of_type(draw.choice(REGIONS), self.columns.get("REGION", STRING))

    def _values(self, draw: Random) -> dict[str, Any]:
        columns = {name: type_ for name, type_ in self.columns.items() if name not in (*self.key, "REGION")}
        return {name: _value(name, type_, draw) for name, type_ in columns.items()}


def _value(name: str, type_: str, draw: Random) -> Any:  # noqa: ANN401 - a value of any of the column types
    if name == CLOCK:
        return _of_type(draw.choice((None, -5, 0, 7, 7, draw.randrange(100))), type_)
    if type_ == STRING:
        return draw.choice(TEXTS)
    if type_ in (INT, BIGINT):
        return draw.choice((None, draw.randrange(1000), 2**31 - 1 if type_ == INT else 2**40 + draw.randrange(1000)))
    return draw.choice((None, draw.randrange(1000) / 4, 1 / 3 if type_ == DOUBLE else -0.5))


def _of_type(value: int | str | None, type_: str) -> Any:  # noqa: ANN401
    """A value as a column of another type has it."""
    if value is None:
        return None
    if type_ == STRING:
        return str(value)
    number = REGIONS.index(value) if isinstance(value, str) else value
    return float(number) if type_ in (FLOAT, DOUBLE) else number

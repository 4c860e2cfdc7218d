"""Random histories of a table against a dictionary: rows, counts and proof after every commit, whatever breaks.

The model knows keys and rows, nothing of Iceberg. Runs are killed, fail, and lose answers at random calls.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from lake.errors import LakeError
from lake.tables.change import ChangeKind
from lake.tables.iceberg import options
from lake.tables.iceberg_native import data_file_reader, data_file_writer
from lake.tables.iceberg_native.row_change import RowChange
from tests.unit.lake.iceberg_native.lake import Lake, arrow, columns, nothing
from tests.unit.lake.iceberg_native.observed import Calls, Killed, failing_at

pytestmark = pytest.mark.simulation

HISTORIES = 200
COMMITS = 5
KEYS = ("K int", "K bigint", "K string", "K date", "K timestamp", "K decimal(9,2)")
PARTITIONS = (None, "P", "Q", "day(T)", "bucket(3, K)", "bucket(2, Q)")
START = datetime(1969, 12, 30, tzinfo=UTC)
WIDER = {"int": "bigint", "decimal(8,2)": "decimal(10,3)", "bigint": "decimal(20,0)", "decimal(10,3)": "decimal(12,5)"}

Row = dict[str, Any]


@dataclass
class Model:
    """What the table has: rows by key, and the columns in order."""

    types: dict[str, str]
    rows: dict[Any, Row] = field(default_factory=dict)

    @property
    def schema(self) -> str:
        return ", ".join(f"{name} {type_}" for name, type_ in self.types.items())

    def merged(self, changes: list[Row], types: dict[str, str]) -> tuple[Model, tuple[int, int, int, int]]:
        after = Model({**self.types, **types}, dict(self.rows))
        known = [row["K"] in self.rows for row in changes]
        gone = [row["Op"] == "D" for row in changes]
        for row in changes:
            if row["Op"] == "D":
                after.rows.pop(row["K"], None)
            else:
                after.rows[row["K"]] = row
        pairs = list(zip(known, gone, strict=True))
        counts = (pairs.count((False, False)), pairs.count((True, False)), pairs.count((True, True)))
        return after, (*counts, pairs.count((False, True)))


class History:
    """One history of one table."""

    def __init__(self, seed: int, lake: Lake) -> None:
        self.random = random.Random(seed)  # noqa: S311
        pick = self.random.choice
        name, type_ = pick(KEYS).split(" ")
        types = {
            "Op": "string",
            name: type_,
            "P": "int",
            "Q": "string",
            "T": "timestamp",
            "W": pick(["int", "decimal(8,2)"]),
        }
        names = list(types)
        self.random.shuffle(names)
        self.model = Model({name: types[name] for name in names})
        self.space, self.stride = pick([4, 20, 60]), 2**33 if type_ == "bigint" else 1
        self.table = lake.table(record_key="K", key_columns=("K",), partition_by=pick(PARTITIONS))
        self.commits = 0
        self.log: list[str] = []

    def key(self) -> Any:
        number = self.random.randrange(self.space)
        if self.random.random() < 0.03:
            return None
        made: dict[str, Callable[[], Any]] = {
            "int": lambda: number - 3,
            "bigint": lambda: number * self.stride - 3,
            "string": lambda: f"k{number}é" if number else "",
            "date": lambda: date(1969, 12, 1) + timedelta(days=number),
            "timestamp": lambda: START + timedelta(hours=number, microseconds=number),
            "decimal(9,2)": lambda: Decimal(number - 3).scaleb(-2),
        }
        return made[self.model.types["K"]]()

    def row(self, operation: str, key: Any, types: dict[str, str]) -> Row:
        if operation == "D" and self.random.random() < 0.5:
            return {"Op": "D", "K": key}
        return {
            "Op": operation,
            "K": key,
            **{name: self.value(name, types[name]) for name in types if name not in ("Op", "K")},
        }

    def value(self, name: str, type_: str) -> Any:
        if self.random.random() < 0.15:
            return None
        number = self.random.randrange(-50, 50)
        if name == "Q":
            return self.random.choice(["a", "b/c:=%", "", "ü", "10:30", "__HIVE_DEFAULT_PARTITION__"])
        if type_ == "timestamp":
            return START + timedelta(hours=abs(number), microseconds=number)
        if type_.startswith("decimal"):
            return Decimal(number).scaleb(-int(type_[8:-1].split(",")[1]))
        return number % 3 if name == "P" else number if type_ != "string" else f"t{number}"

    def changes(self, types: dict[str, str], operations: str) -> list[Row]:
        keys = dict.fromkeys(self.key() for _ in range(self.random.choice([0, 1, 3, 25])))
        return [self.row(self.random.choice(operations), key, types) for key in keys]

    def step(self) -> tuple[ChangeKind, list[Row], dict[str, str]]:
        if self.commits == 0 or self.random.random() < 0.15:
            return ChangeKind.REPLACE, self.changes(self.model.types, "I"), self.model.types
        types = dict(self.model.types)
        if self.random.random() < 0.2:
            types[f"N{self.commits}"] = self.random.choice(["string", "int", "timestamp"])
        if self.random.random() < 0.2:
            types["W"] = WIDER.get(types["W"], types["W"])
        is_source = "K" in str(self.table.definition.partition_by)
        if types["K"] == "int" and not is_source and self.random.random() < 0.3:
            types["K"] = "bigint"
        if self.random.random() < 0.05:
            return ChangeKind.MERGE, [{"Op": "D", "K": key} for key in self.model.rows], types
        return ChangeKind.MERGE, self.changes(types, "IUUD"), types

    def commit(self) -> None:
        kind, changes, types = self.step()
        if kind is ChangeKind.REPLACE:
            after, counts = Model(types, {row["K"]: row for row in changes}), (len(changes), 0, 0, 0)
        else:
            after, counts = self.model.merged(changes, types)
        self.commits += 1
        proof = {"odp.file_ids": f"commit {self.commits}", "odp.state": "x" * self.random.choice([1, 1, 5000])}
        self.log.append(f"{kind} {len(changes)} {types.get('W')}")
        rows = arrow(
            [tuple(row.get(name) for name in types) for row in changes], ", ".join(map(" ".join, types.items()))
        )
        change = RowChange(kind, rows, columns(", ".join(map(" ".join, types.items()))), proof)
        if self.random.random() < 0.4 and self.breaks(change, after, proof):
            return
        written = self.table.native.apply(change, nothing)
        assert (written.inserted, written.updated, written.deleted, written.deletes_without_row) == counts, self.log
        self.model = after
        self.check(proof)

    def breaks(self, change: RowChange, after: Model, proof: dict[str, str]) -> bool:
        """Let the run break at a random call; tells whether the table has the change nevertheless."""
        failure = self.random.choice([Killed(), OSError("cut")])
        before = self.model
        try:
            with Calls.watched(failing_at(self.random.randrange(25), failure)):
                self.table.native.apply(change, nothing)
        except (Killed, OSError, LakeError):
            self.log.append(f"broke: {failure!r}")
        commit = self.table.native.last_commit()
        landed = commit is not None and commit.proof == proof
        self.model = after if landed else before
        if commit is not None:
            self.check(commit.proof)
        return landed

    def check(self, proof: Any) -> None:
        assert self.table.commit().proof == proof, self.log
        found = self.table.stored.scan().to_arrow()
        assert sorted(found.column_names) == sorted(self.model.types), self.log
        rows = found.select(list(self.model.types)).to_pylist()
        assert sorted((tuple(row.values()) for row in rows), key=repr) == self._as_read(), self.log

    def _as_read(self) -> list[tuple[Any, ...]]:
        """The model's values in the types that the table has now: decimals have the digits of their column."""
        scales = {
            name: int(type_[8:-1].split(",")[1])
            for name, type_ in self.model.types.items()
            if type_.startswith("decimal")
        }

        def value(name: str, given: Any) -> Any:
            return given if given is None or name not in scales else round(Decimal(given), scales[name])

        rows = ([(name, row.get(name)) for name in self.model.types] for row in self.model.rows.values())
        return sorted((tuple(value(name, given) for name, given in row) for row in rows), key=repr)


@pytest.mark.parametrize("group", range(10))
def test_random_histories_equal_the_model_after_every_commit(
    lake: Lake, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(group, HISTORIES, 10):
        history = History(seed, lake)
        row_group = history.random.choice([3, 17, 122_880])
        for module in (data_file_reader, data_file_writer):
            monkeypatch.setattr(module, "ROW_GROUP", row_group)
        target = str(history.random.choice([1, 64 << 20]))
        monkeypatch.setitem(options.MERGED_TABLE_PROPERTIES, options.TARGET_PROPERTY, target)
        try:
            for _ in range(COMMITS):
                history.commit()
        except Exception as error:
            error.add_note(f"seed {seed}: {history.table.definition.partition_by} {history.log}")
            raise


def test_model_finds_a_wrong_row(lake: Lake) -> None:
    """The comparison has teeth: a row that differs in one value is found."""
    history = History(1, lake)
    history.commit()
    wrong = replace(history.model, rows={**history.model.rows, "more": {"Op": "I", "K": history.key()}})
    history.model = wrong
    with pytest.raises(AssertionError):
        history.check(history.table.commit().proof)

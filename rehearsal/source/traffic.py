"""Customers who never stop: small transactions over several tables, until somebody stops them."""
# ruff: noqa: S311, S608 - draws must repeat, not be secret; only tables are named in a statement, values are parameters

import random
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rehearsal.source.database import to_sqlite
from rehearsal.source.generator import generate_trips
from rehearsal.source.operational_database import OperationalDatabase, Transaction
from rehearsal.source.trips import TRIPS

PAUSE_SECONDS = 0.2
_TRIPS_AT_HAND = 500
_MOST_STATEMENTS = 6
_SHARES = {"insert": 5, "update": 4, "move": 2, "rename": 2, "delete": 2}
"""How often a statement is of each kind; `rename` gives a row another primary key."""


@dataclass
class Traffic:
    """Writes into some tables of trips, and into the zones; all its rows have keys of their own, below zero."""

    database: OperationalDatabase
    tables: Sequence[str]
    seed: int = 11
    statements: Counter[str] = field(default_factory=Counter)
    """How many statements of each kind were committed."""
    transactions: int = 0

    def __post_init__(self) -> None:
        """Prepare rows, which the transactions then share."""
        self._draw = random.Random(self.seed)
        trips = generate_trips(_TRIPS_AT_HAND, self.seed)
        self._trips = list(zip(*(to_sqlite(trips.column(name)) for name in TRIPS.names), strict=True))
        self._keys: dict[str, list[int]] = {table: [] for table in self.tables}
        self._next_key = 0
        self._acts: Mapping[str, Callable[[Transaction, str], None]] = {
            "insert": self._insert,
            "update": self._update,
            "move": self._move,
            "rename": self._rename,
            "delete": self._delete,
        }

    def run(self, stopped: threading.Event) -> None:
        """Commit one transaction after another until somebody wants the end."""
        while not stopped.wait(PAUSE_SECONDS):
            self.transact()

    def transact(self) -> None:
        """Commit one transaction, whose statements are of several tables."""
        done: Counter[str] = Counter()
        with self.database.transaction() as transaction:
            for _ in range(self._draw.randint(2, _MOST_STATEMENTS)):
                table = self._draw.choice(self.tables)
                kinds = list(_SHARES) if self._keys[table] else ["insert"]
                (kind,) = self._draw.choices(kinds, [_SHARES[each] for each in kinds])
                self._acts[kind](transaction, table)
                done[kind] += 1
            transaction.execute("UPDATE zones SET service_zone = ? WHERE LocationID = 1", (self._said(),))
            done["update"] += 1
        self.statements += done
        self.transactions += 1

    def _said(self) -> str:
        return f"EWR, transaction {self.transactions + 1}"

    def _new_key(self) -> int:
        self._next_key -= 1
        return self._next_key

    def _insert(self, transaction: Transaction, table: str) -> None:
        row = (key := self._new_key(), *self._draw.choice(self._trips))
        transaction.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        self._keys[table].append(key)

    def _update(self, transaction: Transaction, table: str) -> None:
        self._set(transaction, table, "tip_amount = tip_amount + 0.5, total_amount = total_amount + 0.5")

    def _move(self, transaction: Transaction, table: str) -> None:
        """The lake is partitioned by the vendor: the row has to move."""
        self._set(transaction, table, "VendorID = CASE VendorID WHEN 1 THEN 2 ELSE 1 END")

    def _set(self, transaction: Transaction, table: str, what: str) -> None:
        transaction.execute(f"UPDATE {table} SET {what} WHERE PK_ID = ?", (self._draw.choice(self._keys[table]),))

    def _rename(self, transaction: Transaction, table: str) -> None:
        former, key = self._taken(table), self._new_key()
        transaction.execute(f"UPDATE {table} SET PK_ID = ? WHERE PK_ID = ?", (key, former))
        self._keys[table].append(key)

    def _delete(self, transaction: Transaction, table: str) -> None:
        transaction.execute(f"DELETE FROM {table} WHERE PK_ID = ?", (self._taken(table),))

    def _taken(self, table: str) -> int:
        keys = self._keys[table]
        return keys.pop(self._draw.randrange(len(keys)))

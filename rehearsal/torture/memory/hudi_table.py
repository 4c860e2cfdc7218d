"""Rows as Hudi keeps them, written by the very options that the framework gives to Hudi (docs/decisions/0003)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from odp.refresh import RowCounts

from lake.tables.hudi.options import Operation

Row = Mapping[str, Any]
_WRITE = "hoodie.datasource.write"
_INDEX_FOLLOWS_PARTITION = "hoodie.simple.index.update.partition.path"


@dataclass(frozen=True, slots=True)
class HudiOptions:
    """What the options of one write ask of Hudi."""

    given: Mapping[str, str]

    def key(self, row: Row) -> tuple[Any, ...]:
        """The record key."""
        return tuple(row[name] for name in self.given[f"{_WRITE}.recordkey.field"].split(","))

    def partition(self, row: Row) -> object:
        """The partition that the row belongs to."""
        name = self.given[f"{_WRITE}.partitionpath.field"]
        return row[name] if name else None

    def ordering(self, row: Row) -> str:
        """What the payload compares, if it is told to compare anything."""
        name = self.given.get(f"{_WRITE}.precombine.field", "")
        return str(row[name] or "") if name else ""

    def is_delete(self, row: Row) -> bool:
        """Whether the payload takes the row for a delete."""
        name = self.given.get("hoodie.payload.delete.field")
        return name is not None and row[name] == self.given["hoodie.payload.delete.marker"]

    @property
    def is_global(self) -> bool:
        """Whether Hudi looks for a key in all partitions, or only in the incoming row's partition."""
        is_unpartitioned = not self.given[f"{_WRITE}.partitionpath.field"]
        follows = self.given.get(_INDEX_FOLLOWS_PARTITION) == "true"
        return is_unpartitioned or (self.given["hoodie.index.type"].startswith("GLOBAL_") and follows)


@dataclass(slots=True)
class HudiTable:
    """The records of one table, by key and partition; a bulk insert may leave several of one key."""

    records: dict[tuple[Any, ...], list[tuple[object, Row]]] = field(default_factory=dict)

    def rows(self) -> Iterator[Row]:
        """All rows that a reader sees."""
        return (row for records in self.records.values() for _, row in records)

    def write(self, rows: Sequence[Row], options: HudiOptions) -> RowCounts:
        """Write rows with the operation that the options name."""
        operation = options.given[f"{_WRITE}.operation"]
        if operation == Operation.UPSERT:
            return sum((self._upsert(row, options) for row in rows), RowCounts())
        if operation == Operation.OVERWRITE_TABLE:
            self.records.clear()
        for row in rows:
            self.records.setdefault(options.key(row), []).append((options.partition(row), row))
        return RowCounts(inserted=len(rows))

    def _upsert(self, row: Row, options: HudiOptions) -> RowCounts:
        key, partition, ordering = options.key(row), options.partition(row), options.ordering(row)
        records = self.records.get(key, [])
        known = [record for record in records if options.is_global or record[0] == partition]
        if not known:
            return self._insert(row, options)
        if any(ordering < options.ordering(stored) for _, stored in known):
            return RowCounts()
        others = [record for record in records if record not in known]
        if options.is_delete(row):
            self._keep(key, others)
            return RowCounts(deleted=len(known))
        self._keep(key, [*others, (partition, row)])
        has_moved = any(stored != partition for stored, _ in known)
        return RowCounts(inserted=1, deleted=1) if has_moved else RowCounts(updated=1)

    def _insert(self, row: Row, options: HudiOptions) -> RowCounts:
        """A delete of a row that is not there is counted on both sides, as Hudi does."""
        if options.is_delete(row):
            return RowCounts(inserted=1, deleted=1)
        self.records.setdefault(options.key(row), []).append((options.partition(row), row))
        return RowCounts(inserted=1)

    def _keep(self, key: tuple[Any, ...], records: list[tuple[object, Row]]) -> None:
        if records:
            self.records[key] = records
        else:
            self.records.pop(key, None)

"""Files that the other Region has registered, by the marks in the global table; and which of them are not here yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from odp.dynamodb.landing_marks import TABLES, marks_of

from deployment_account.names import Shared
from odp_cli.operate.regions import AT_ONCE, LakeRegion

_MOST_LOOKED_FOR = 1000
"""Files that are looked for in the bucket; of more than so many, the others count as missing."""
_BEFORE = timedelta(hours=1)
"""How far before the first look a file may have its name's time that is registered after it."""
_LOADS, _CHANGES, _END = "0/", "1/", "2"
_LAST = "\U0010ffff"
_GONE = {"404", "405", "NoSuchKey", "NoSuchVersion"}


@dataclass(frozen=True, slots=True)
class Mark:
    """A file that the other Region has registered."""

    source_table_name: str
    file_id: str
    key: str
    version_id: str
    size: int
    landed_at: str

    @classmethod
    def of(cls, source_table_name: str, item: Mapping[str, Any]) -> Mark:
        """Read a stored mark."""
        file_id, key, version_id = (str(item.get(name, "")) for name in ("entry_id", "key", "version_id"))
        size, landed_at = int(item.get("size", 0)), str(item.get("landed_at", ""))
        return cls(source_table_name, file_id, key, version_id, size, landed_at)

    @property
    def is_load(self) -> bool:
        """Whether it is a part of a full load."""
        return self.file_id.startswith(_LOADS)

    def as_json(self) -> dict[str, Any]:
        """The same for programs."""
        names = ("source_table_name", "key", "version_id", "landed_at")
        return {**{name: getattr(self, name) for name in names}, "bytes": self.size}


@dataclass(frozen=True, slots=True)
class NotHere:
    """What the other Region has registered and this one has not."""

    newest: str = ""
    """The landing time of the newest mark that was looked at, whether its file is here or not."""
    missing: tuple[Mark, ...] = ()
    """No such object version is in this Region's bucket."""
    unregistered: tuple[Mark, ...] = ()
    """The object is here; its event or the sweep registers it."""


NOTHING_MARKED = NotHere()


@dataclass
class LandedElsewhere:
    """Compares the marks of the other Region with the ledger and the staging bucket of this one.

    The first look is at all marks. Later ones are at those of its missing files and of files that landed since.
    """

    region: LakeRegion
    clock: Callable[[], float] = time.time
    _since: str = ""
    _missed: dict[str, list[Mark]] = field(default_factory=dict)

    def not_here(self) -> NotHere:
        """Compare now."""
        began = f"{_CHANGES}{datetime.fromtimestamp(self.clock(), UTC) - _BEFORE:%Y%m%d-%H%M%S}"
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(self._of_table, self._tables()))
            unknown = sorted((mark for _, marks in found for mark in marks), key=lambda mark: mark.landed_at)
            looked_for, others = unknown[:_MOST_LOOKED_FOR], unknown[_MOST_LOOKED_FOR:]
            has_object = list(pool.map(self._has_object, looked_for))
        self._since = self._since or began
        self._missed = {}
        for mark in unknown:
            self._missed.setdefault(mark.source_table_name, []).append(mark)
        both = list(zip(looked_for, has_object, strict=True))
        return NotHere(
            newest=max((newest for newest, _ in found), default=""),
            missing=(*(mark for mark, is_here in both if not is_here), *others),
            unregistered=tuple(mark for mark, is_here in both if is_here),
        )

    def _tables(self) -> list[str]:
        return [str(item["entry_id"]) for item in self._entries(TABLES)]

    def _of_table(self, source_table_name: str) -> tuple[str, list[Mark]]:
        """Return the newest landing time, and the marks of files that this Region's ledger does not know."""
        marks = {mark.file_id: mark for mark in self._missed.get(source_table_name, ())}
        marks |= {mark.file_id: mark for mark in self._marks(source_table_name)}
        newest = max((mark.landed_at for mark in marks.values()), default="")
        for kind in (_LOADS, _CHANGES):
            ids = sorted(file_id for file_id in marks if file_id.startswith(kind))
            known = self._known(source_table_name, ids)
            marks = {file_id: mark for file_id, mark in marks.items() if file_id not in known}
        return newest, list(marks.values())

    def _marks(self, source_table_name: str) -> Iterator[Mark]:
        own, now = self.region.region, self.clock()
        parts = [(_LOADS, _CHANGES), (self._since, _END)] if self._since else [(_LOADS, _END)]
        for first, end in parts:
            for item in self._entries(marks_of(source_table_name), first, end):
                if item.get("region") != own and int(item.get("expires_at", now)) >= now:
                    yield Mark.of(source_table_name, item)

    def _known(self, source_table_name: str, ids: Sequence[str]) -> set[str]:
        """Return the ids of all files from the first to the last that are pending or in the history here.

        A query reads as many items as thousands of requests for single ones. A file that a run moves meanwhile is
        found, because it is pending first.
        """
        ledger = self.region.ledger
        return set(ledger.file_ids(source_table_name, ids[0], ids[-1])) if ids else set()

    def _entries(self, kind: str, first: str = " ", end: str = _LAST) -> Iterator[dict[str, Any]]:
        """Read a partition of the global table in this Region's replica."""
        pages = self.region.dynamodb.meta.client.get_paginator("query").paginate(
            TableName=self.region.settings.table,
            KeyConditionExpression="region_kind = :kind AND entry_id BETWEEN :first AND :end",
            ExpressionAttributeValues={":kind": kind, ":first": first, ":end": end},
            ConsistentRead=True,
        )
        for page in pages:
            yield from page["Items"]

    def _has_object(self, mark: Mark) -> bool:
        bucket = self.region.published(Shared.STAGING_BUCKET)
        version = {"VersionId": mark.version_id} if mark.version_id else {}
        try:
            self.region.client("s3").head_object(Bucket=bucket, Key=mark.key, **version)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return False
            raise
        return True

"""Whether what is pending can still be read: the listing of a run's beginning does not show what landed since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from odp.file_processor.readability import Readability
from odp.records import SkipReason

from lake.landing.listings import TableListing
from tests.unit.odp.file_processor.refresh_world import part


@dataclass
class Bucket:
    """What a reader of each key gets; only `asked` keys cost a request."""

    current: dict[str, str]
    asked: list[str] = field(default_factory=list)

    def register_missing(self, *_: Any) -> TableListing:
        raise NotImplementedError

    def current_versions(self, bucket: str, keys: Iterable[str]) -> Mapping[str, str | None]:
        self.asked += keys
        return {key: self.current.get(key) for key in keys}


KEY = part(1).key


@pytest.mark.parametrize(
    ("listed", "now", "pending", "unreadable"),
    [
        ({}, "v1", ["v1"], {}),
        ({KEY: "v1"}, "v2", ["v1", "v2"], {"p1.v1": SkipReason.OVERWRITTEN}),
        ({KEY: "v1"}, "v3", ["v2"], {"p1.v2": SkipReason.OVERWRITTEN}),
        ({}, None, ["v1"], {"p1.v1": SkipReason.VANISHED}),
        ({KEY: "v1"}, None, ["v2"], {"p1.v2": SkipReason.VANISHED}),
    ],
    ids=["landed since", "overwritten since", "overwritten again", "deleted", "deleted since it was overwritten"],
)
def test_only_the_bucket_says_that_an_object_is_gone(
    listed: dict[str, str], now: str | None, pending: list[str], unreadable: dict[str, SkipReason]
) -> None:
    bucket = Bucket({KEY: now} if now else {})
    readability = Readability(bucket, TableListing(current=frozenset(listed.items())))
    assert readability.unreadable([part(1, version=version) for version in pending]) == unreadable


def test_object_that_the_listing_shows_as_it_is_costs_no_request() -> None:
    bucket = Bucket({})
    listing = TableListing(current=frozenset({(part(1).key, "v1"), (part(2).key, "v1")}))
    unversioned = replace(part(3), version_id=None)
    assert (Readability(bucket, listing).unreadable([part(1), part(2), unversioned]), bucket.asked) == ({}, [])

"""A purpose-built table's own provenance decides which days are computed again."""

from datetime import date

import pytest
from taxi.purpose_built.building import Rebuild, rebuild
from taxi.tables import Days, Provenance

NOW = Provenance("s9", "v1")


class History:
    """Days that changed after each snapshot that is still known."""

    def __init__(self, **changed: Days) -> None:
        self._changed = changed

    def snapshot(self) -> str | None:
        return NOW.snapshot

    def days_changed_since(self, snapshot: str) -> Days | None:
        return self._changed.get(snapshot)

    def trips(self, snapshot: str, days: Days | None) -> None:
        raise AssertionError("deciding reads no trips")


SOME = frozenset({date(2021, 1, 2)})
HISTORY = History(s8=SOME, s7=frozenset())


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (None, Rebuild(None)),
        (NOW, Rebuild(frozenset())),
        (Provenance("s8", "v1"), Rebuild(SOME)),
        (Provenance("s8", "v0"), Rebuild(None)),
        (Provenance("s9", "v0"), Rebuild(None)),
        (Provenance("s1", "v1"), Rebuild(None)),
        (Provenance("s7", "v1"), Rebuild(frozenset())),
    ],
    ids=["no table", "up to date", "behind", "behind and changed", "changed", "too far behind", "no day changed"],
)
def test_what_is_rebuilt(shown: Provenance | None, expected: Rebuild) -> None:
    """Defect 24 of the reference: each file made it read all trips that ever were."""
    assert rebuild(shown, NOW, HISTORY) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(("days", "needless"), [(None, False), (SOME, False), (frozenset(), True)])
def test_only_no_day_at_all_needs_no_rebuilding(days: Days | None, needless: bool) -> None:
    assert Rebuild(days).is_needless is needless

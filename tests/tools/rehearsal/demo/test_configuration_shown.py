"""The demo shows all changes of a request: its last change is recorded after it counts as applied."""

from dataclasses import dataclass, field
from typing import Any, cast

from rehearsal.demo.configuration import wait_until_decided
from rehearsal.demo.deployed_lake import DeployedLake


@dataclass
class Ledger:
    """A ledger whose contents change with each look; the last one stays."""

    looks: list[list[dict[str, Any]]] = field(default_factory=list)
    looked: int = 0

    def configuration_requests(self) -> list[dict[str, Any]]:
        counts = {"added": 2}
        request = {"request_id": "r", "request_status": "applied", "deployed_at": "t", "changes": counts}
        return [{**request, "decided_at": "2026-01-01T00:00:00Z", "commit": "c", "requested_by": "p"}]

    def configuration_changes(self, deployed_at: str) -> list[dict[str, Any]]:
        assert deployed_at == "t"
        self.looked += 1
        return self.looks[min(self.looked, len(self.looks)) - 1]


def test_request_is_shown_with_all_its_changes_although_it_counts_as_applied_before_they_are_written() -> None:
    lines = [{"source_table_name": name, "change": "added"} for name in ("a", "b")]
    ledger = Ledger([[], lines[:1], lines])
    told: list[str] = []
    shown = wait_until_decided(cast("DeployedLake", ledger), "a request", told.append)
    assert [change.name for change in shown.changes] == ["a", "b"]
    assert told == ["applied: 2 added"]

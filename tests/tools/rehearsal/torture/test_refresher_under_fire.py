"""A refresher of the deployed lake with faults has the ports that a run gives it."""

from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.torture.deployed import refresher_under_fire
from rehearsal.torture.deployed.refresher_under_fire import RefresherUnderFire, RunFaults
from rehearsal.torture.faults import Fault, FaultKind

TABLE = "erp:torture.t1"
CONFIG: Any = SimpleNamespace(source_table_name=TABLE)


class Leases:
    def renew(self) -> str:
        return "renewed"


def _refreshed(faults: dict[str, Fault], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The refresher that gets to work, with what it was given."""
    given: list[Any] = []

    def refresher(**ports: Any) -> Any:
        given.append(SimpleNamespace(**ports))
        return SimpleNamespace(refresh=lambda _: None)

    monkeypatch.setattr(refresher_under_fire, "TableRefresher", refresher)
    faulty = RefresherUnderFire(RunFaults(faults, []), "run", leases=Leases(), has_time=lambda: False)
    faulty.refresh(CONFIG)
    return given[0]


def test_run_with_several_commits_can_ask_whether_it_has_time_for_one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _refreshed({}, monkeypatch).has_time() is False


def test_call_of_a_port_is_struck_at_the_boundary_of_its_table_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _refreshed({TABLE: Fault(FaultKind.THROTTLE, 2)}, monkeypatch)
    with pytest.raises(Exception, match="too many requests"):
        found.leases.renew()
    assert found.leases.renew() == "renewed"

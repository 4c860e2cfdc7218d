"""The way between Regions, with a clock of the test's own."""

from collections.abc import Callable

import pytest

from rehearsal.emulator.regions.network import ITEM, OBJECT, Delay, RegionNetwork, Shipment

HERE, THERE, ELSEWHERE = "us-east-1", "us-west-2", "eu-west-1"


class Clock:
    """Calls in the order of their times, when it is told to."""

    def __init__(self) -> None:
        self._calls: list[tuple[float, int, Callable[[], None]]] = []

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        self._calls.append((seconds, len(self._calls), call))

    def run(self) -> None:
        calls, self._calls = sorted(self._calls), []
        for _, _, call in calls:
            call()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def network(clock: Clock) -> RegionNetwork:
    return RegionNetwork(clock.later)


@pytest.fixture
def arrived() -> list[str]:
    return []


@pytest.fixture
def send(network: RegionNetwork, arrived: list[str]) -> Callable[..., None]:
    def take(what: str, source: str = HERE, destination: str = THERE, kind: str = OBJECT) -> None:
        network.send(Shipment(kind, what, source, destination, lambda: arrived.append(what)))

    return take


def order(network: RegionNetwork, clock: Clock, arrived: list[str], send: Callable[..., None], seed: int) -> list[str]:
    network.configure(seed=seed, delays={OBJECT: Delay(0, 10)})
    for number in range(20):
        send(str(number))
    clock.run()
    found = list(arrived)
    arrived.clear()
    return found


def test_order_is_random_and_the_same_for_the_same_seed(
    network: RegionNetwork, clock: Clock, arrived: list[str], send: Callable[..., None]
) -> None:
    first, again, other = (order(network, clock, arrived, send, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert sorted(first, key=int) == [str(number) for number in range(20)] != first


def test_without_a_delay_order_is_kept(clock: Clock, arrived: list[str], send: Callable[..., None]) -> None:
    for what in "abc":
        send(what)
    clock.run()
    assert arrived == ["a", "b", "c"]


def test_nothing_passes_a_cut_and_all_of_it_comes_when_it_is_healed(
    network: RegionNetwork, clock: Clock, arrived: list[str], send: Callable[..., None]
) -> None:
    send("under way before the cut")
    network.cut(HERE, unreachable=False)
    send("sent after it")
    send("into it", THERE, HERE)
    send("within it", HERE, HERE)
    send("between others", THERE, ELSEWHERE)
    clock.run()
    assert arrived == ["within it", "between others"]
    network.heal(HERE)
    clock.run()
    assert set(arrived[2:]) == {"under way before the cut", "sent after it", "into it"}
    assert network.under_way == []


def test_what_waits_for_two_regions_waits_until_both_are_there(
    network: RegionNetwork, clock: Clock, arrived: list[str], send: Callable[..., None]
) -> None:
    network.cut(HERE, unreachable=False)
    network.cut(THERE, unreachable=False)
    send("item")
    clock.run()
    network.heal(HERE)
    clock.run()
    assert arrived == []
    network.heal(THERE)
    clock.run()
    assert arrived == ["item"]


def test_what_was_dropped_never_comes(
    network: RegionNetwork, clock: Clock, arrived: list[str], send: Callable[..., None]
) -> None:
    for what in "abc":
        send(what)
    send("item", kind=ITEM)
    assert [shipment.what for shipment in network.drop(HERE, kind=OBJECT, newest=2)] == ["b", "c"]
    clock.run()
    assert arrived == ["a", "item"]


def test_calls_over_the_border_of_an_unreachable_region_fail_and_those_within_do_not(network: RegionNetwork) -> None:
    network.cut(HERE, unreachable=True)
    assert network.is_unreachable(HERE, from_region=None)
    assert network.is_unreachable(HERE, from_region=THERE)
    assert network.is_unreachable(THERE, from_region=HERE)
    assert not network.is_unreachable(HERE, from_region=HERE)
    assert not network.is_unreachable(THERE, from_region=None)
    network.cut(HERE, unreachable=False)
    assert not network.is_unreachable(HERE, from_region=None)


def test_what_cannot_be_delivered_stops_nothing_else(
    network: RegionNetwork, clock: Clock, arrived: list[str], send: Callable[..., None]
) -> None:
    network.send(Shipment(OBJECT, "broken", HERE, THERE, [].pop))
    send("whole")
    clock.run()
    assert arrived == ["whole"]

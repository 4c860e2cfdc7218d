"""Readers see one whole configuration: wherever the function dies, and however many requests come at once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from tests.embedded.config_manager.configurations import Configurations, Seen, manifest, seen_of

SOME = {f"t{number}": "REGION" for number in range(150)}
OTHERS = {f"t{number}": "COUNTRY" for number in range(20, 140)} | {f"u{number}": "REGION" for number in range(30)}
THOUSANDS = {f"t{number}": "REGION" for number in range(3_000)}
ROUNDS = 4


@pytest.fixture(scope="module")
def watched() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


def test_death_before_any_write_leaves_the_old_or_the_new_and_redelivery_the_new(
    configurations: Configurations, without_events: None
) -> None:
    old, new = manifest(5, SOME), manifest(7, OTHERS)
    configurations.deploy(old)
    writes = configurations.probe(configurations.upload(new), die_before=10_000)["writes"]
    assert writes > 8, "the change must take several transactions, or nothing is proved"
    died_with: list[Seen] = []
    for step in range(writes):
        configurations.deploy(old)
        request_id = configurations.upload(new)
        assert "FunctionError" in configurations.probe(request_id, die_before=step), step
        died_with.append(configurations.seen())
        assert configurations.announce(request_id) == {"batchItemFailures": []}
        assert configurations.seen() == seen_of(7, OTHERS), step
        assert configurations.leftovers() == []
    is_new = [seen == seen_of(7, OTHERS) for seen in died_with]
    assert all(seen in (seen_of(5, SOME), seen_of(7, OTHERS)) for seen in died_with)
    assert is_new == sorted(is_new)
    assert True in is_new
    assert False in is_new


def in_short(seen: Seen) -> tuple[int, Counter[str]]:
    """The size of the batches, and how many tables there are of each kind of name and partition column."""
    size, tables = seen
    return size, Counter(f"{name.rstrip('0123456789')} by {partition}" for name, partition in tables.items())


@contextmanager
def reading(configurations: Configurations, threads: ThreadPoolExecutor, seen: list[Seen]) -> Iterator[None]:
    """Read again and again, as the Batch Manager does, while something happens."""
    ended = Event()

    def read() -> None:
        while not ended.is_set():
            seen.append(configurations.seen())

    reader = threads.submit(read)
    try:
        yield
    finally:
        ended.set()
        reader.result()


def test_requests_that_come_at_once_end_in_the_newest_and_readers_see_each_whole(
    configurations: Configurations, without_events: None, watched: ThreadPoolExecutor
) -> None:
    whole = [seen_of(size, tables) for size in (2, 3) for tables in (SOME, OTHERS)]
    configurations.deploy(manifest(2, SOME))
    seen: list[Seen] = []
    with reading(configurations, watched, seen):
        for round_ in range(ROUNDS):
            newest, *_ = expected = (3, OTHERS) if round_ % 2 else (2, SOME)
            first = configurations.upload(manifest(5 - newest, OTHERS if round_ % 2 else SOME))
            second = configurations.upload(manifest(newest, expected[1]))
            answers = list(watched.map(configurations.announce, [first, second, first, second]))
            while any(answer["batchItemFailures"] for answer in answers):
                answers = [configurations.announce(request_id) for request_id in (first, second)]
            assert configurations.seen() == seen_of(*expected)
            assert configurations.decided(second).status in ("applied", "unchanged")
            assert configurations.decided(first).status in ("applied", "unchanged", "superseded")
    assert configurations.leftovers() == []
    assert len(seen) > ROUNDS
    assert [in_short(each) for each in seen if each not in whole] == []


def test_three_thousand_tables_are_configured_within_the_functions_time_and_memory(
    configurations: Configurations, without_events: None
) -> None:
    function = configurations.lake.client("lambda").get_function_configuration(
        FunctionName=configurations.lake.published("odp/functions/config-manager")
    )
    measured = configurations.probe(configurations.upload(manifest(5, THOUSANDS)))
    assert measured["batchItemFailures"] == []
    assert measured["seconds"] < function["Timeout"]
    assert measured["megabytes"] < 0.8 * function["MemorySize"]
    assert configurations.seen() == seen_of(5, THOUSANDS)
    print(f"3,000 tables: {measured['seconds']:.1f} s, {measured['megabytes']:.0f} MB")  # noqa: T201

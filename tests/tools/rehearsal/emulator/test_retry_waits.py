"""https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""

import pytest

from rehearsal.emulator.state_machines import next_wait

RETRIER = {"IntervalSeconds": 3, "BackoffRate": 2, "MaxDelaySeconds": 20}


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 3), (1, 6), (2, 12), (3, 20), (9, 20)])
def test_waits_grow_up_to_the_longest_delay(attempts: int, seconds: float) -> None:
    assert next_wait(RETRIER, attempts) == seconds


def test_a_retrier_that_says_nothing_waits_as_step_functions_does_by_default() -> None:
    assert [next_wait({}, attempts) for attempts in range(3)] == [1, 2, 4]


def test_full_jitter_waits_at_random_from_nothing_to_the_whole() -> None:
    waits = [next_wait({**RETRIER, "JitterStrategy": "FULL"}, 1) for _ in range(2000)]
    assert 0 <= min(waits) < 0.5
    assert 5.5 < max(waits) <= 6

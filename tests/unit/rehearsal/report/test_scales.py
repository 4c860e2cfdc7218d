import pytest

from rehearsal.report.scales import Scale, count_ticks, counted, duration, time_ticks


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0 s"),
        (0.84, "0.8 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (62, "1 min 02 s"),
        (3_599.7, "1 h 00 min"),
        (7_500, "2 h 05 min"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@pytest.mark.parametrize(("count", "said"), [(0, "0 files"), (1, "1 file"), (1_200, "1,200 files")])
def test_counts_go_with_their_noun(count: int, said: str) -> None:
    assert counted(count, "file") == said


def test_a_scale_maps_zero_and_maximum_to_its_ends() -> None:
    scale = Scale(maximum=50, left=100, right=300)
    assert (scale.at(0), scale.at(25), scale.at(50), scale.length(10)) == (100, 200, 300, 40)


@pytest.mark.parametrize(
    ("maximum", "labels"),
    [
        (0.9, ["0 s", "0.1 s", "0.2 s", "0.3 s", "0.4 s", "0.5 s", "0.6 s", "0.7 s", "0.8 s", "0.9 s"]),
        (22, ["0 s", "5 s", "10 s", "15 s", "20 s"]),
        (166, ["0 s", "30 s", "1 min", "1 min 30 s", "2 min", "2 min 30 s"]),
    ],
)
def test_time_ticks_stand_at_round_times(maximum: float, labels: list[str]) -> None:
    ticks = time_ticks(Scale(maximum, 0, maximum))
    assert [tick.label for tick in ticks] == labels


@pytest.mark.parametrize("maximum", [0.1, 1, 7, 59, 61, 1_000, 40_000, 1_000_000])
def test_time_ticks_are_few_and_within_the_scale(maximum: float) -> None:
    ticks = time_ticks(Scale(maximum, 10, 110))
    assert 2 <= len(ticks) <= 10
    assert ticks[0].x == 10
    assert ticks[-1].x <= 110 + 1e-6


@pytest.mark.parametrize(
    ("maximum", "labels"),
    [
        (1, ["0", "1"]),
        (4, ["0", "1", "2", "3", "4"]),
        (20_000, ["0", "5,000", "10,000", "15,000", "20,000"]),
        (2_554, ["0", "1,000", "2,000"]),
        (99, ["0", "20", "40", "60", "80"]),
    ],
)
def test_count_ticks_stand_at_round_whole_numbers(maximum: float, labels: list[str]) -> None:
    assert [tick.label for tick in count_ticks(Scale(maximum, 0, 100))] == labels

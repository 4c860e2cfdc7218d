import pytest

from rehearsal.report.timeline import counted, duration


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

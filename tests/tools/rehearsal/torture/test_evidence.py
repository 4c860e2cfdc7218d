"""What a check does not look at is not read."""

from rehearsal.torture.evidence import Lazy


def test_rows_are_read_at_the_first_look_and_only_then() -> None:
    readings: list[str] = []

    def read() -> list[int]:
        readings.append("read")
        return [1, 2, 3]

    rows = Lazy(read)
    assert not readings
    assert (len(rows), rows[-1], list(rows)) == (3, 3, [1, 2, 3])
    assert readings == ["read"]

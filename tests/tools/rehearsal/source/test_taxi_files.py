"""The files of the demo's taxi flow: every trip once in the end, with the mistakes that they are meant to have."""

import io

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from rehearsal.source.generator import generate_trips
from rehearsal.source.taxi_files import Deliveries, taxi_deliveries

ROWS = 1_000


@pytest.fixture(scope="module")
def deliveries() -> Deliveries:
    return taxi_deliveries(generate_trips(ROWS))


def lines(content: bytes) -> list[str]:
    return content.decode().splitlines()


def test_three_csv_files_and_a_parquet_file_arrive_one_of_them_twice(deliveries: Deliveries) -> None:
    keys = [delivery.key.rsplit(".", 1)[-1] for delivery in deliveries.first]
    assert keys == ["csv", "csv", "csv", "parquet", "csv"]
    assert deliveries.first[0] == deliveries.first[4]
    assert len({delivery.key for delivery in deliveries.first}) == 4


def test_broken_rows_stand_on_the_lines_that_are_told_and_are_few(deliveries: Deliveries) -> None:
    broken = deliveries.first[1]
    found = lines(broken.content)
    assert len(broken.broken_lines) == 3
    assert [found[number - 1].split(",")[1] for number in broken.broken_lines[:2]] == [
        "not a time",
        "2021-01-05 10:10:00",
    ]
    assert found[broken.broken_lines[2] - 1].count(",") == 3
    assert len(broken.broken_lines) / len(found) < 0.05


def test_correction_has_the_same_name_and_other_fares(deliveries: Deliveries) -> None:
    wrong, (corrected,) = deliveries.first[2], deliveries.later
    assert wrong.key == corrected.key
    fares = [
        pyarrow.csv.read_csv(io.BytesIO(delivery.content)).column("fare_amount").to_pylist()
        for delivery in (wrong, corrected)
    ]
    assert fares[0] == pytest.approx([10 * fare for fare in fares[1]])


def test_every_trip_is_in_one_of_the_final_files(deliveries: Deliveries) -> None:
    tables = [
        pq.read_table(io.BytesIO(delivery.content)).num_rows
        if delivery.key.endswith("parquet")
        else len(lines(delivery.content)) - 1 - len(delivery.broken_lines)
        for delivery in deliveries.final
    ]
    assert sum(tables) == ROWS


def test_fewer_trips_than_a_broken_row_would_spoil_have_none() -> None:
    assert taxi_deliveries(generate_trips(40)).first[1].broken_lines == ()


def test_times_are_written_to_the_second_and_missing_values_as_nothing(deliveries: Deliveries) -> None:
    rows = [line.split(",") for line in lines(deliveries.first[0].content)[1:]]
    assert {len(row[1]) for row in rows} == {len("2021-01-01 00:00:00")}
    assert {row[0] for row in rows} == {"", "1", "2"}

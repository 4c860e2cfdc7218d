from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from rehearsal.source.generator import generate_trips
from rehearsal.source.taxi_files import Delivery, taxi_deliveries
from rehearsal.validation.taxi_results import QUESTIONS, ExpectedResults, Question

HEADER = (
    "VendorID,tpep_pickup_datetime,tpep_dropoff_datetime,passenger_count,trip_distance,RatecodeID,store_and_fwd_flag,"
    "PULocationID,DOLocationID,payment_type,fare_amount,extra,mta_tax,tip_amount,tolls_amount,improvement_surcharge,"
    "total_amount,congestion_surcharge"
)
FARES = next(question for question in QUESTIONS if question.table == "yellow_fares")
DEMAND = next(question for question in QUESTIONS if question.table == "yellow_daily_demand")
SPEEDS = next(question for question in QUESTIONS if question.table == "yellow_speeds")


def trip(pickup: str = "2021-01-05 10:00:00", dropoff: str = "2021-01-05 10:30:00", fare: str = "10") -> str:
    return f"2,{pickup},{dropoff},1,5.0,1,N,132,141,1,{fare},0.5,0.5,2.0,0,0.3,13.3,2.5"


def delivery(*lines: str) -> Delivery:
    return Delivery("nyc-taxi/yellow/2021-01/part.csv", "\n".join([HEADER, *lines, ""]).encode())


def answers(expected: ExpectedResults, question: Question) -> pa.Table:
    return expected._connection.execute(question.sql).to_arrow_table()


def demand(**changed: object) -> pa.Table:
    row = {"trip_date": date(2021, 1, 5), "pickup_zone_id": 132, "trips": 2, "passengers": 2.0, "miles": 10.0}
    return pa.Table.from_pylist([{**row, **changed}])


def test_table_that_says_what_the_files_say_is_equal() -> None:
    compared = ExpectedResults([delivery(trip(), trip())]).compare(DEMAND, demand())
    assert (compared.rows, compared.expected_rows, compared.differences) == (1, 1, ())
    assert compared.is_equal


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"trips": 3}, "column trips: source 2, lake 3"),
        ({"miles": 10.5}, "column miles: source 10.0, lake 10.5"),
        ({"passengers": None}, "column passengers: source 2.0, lake None"),
    ],
)
def test_value_that_the_files_do_not_give_is_a_difference(wrong: dict[str, object], said: str) -> None:
    compared = ExpectedResults([delivery(trip(), trip())]).compare(DEMAND, demand(**wrong))
    (difference,) = compared.differences
    assert said in str(difference)
    assert not compared.is_equal


def test_row_too_many_and_row_too_few_are_differences() -> None:
    compared = ExpectedResults([delivery(trip(), trip())]).compare(DEMAND, demand(pickup_zone_id=133))
    assert [(found.source, found.lake) for found in compared.differences] == [
        ("row there", "row missing"),
        ("row missing", "row there"),
    ]


def test_row_that_is_there_twice_is_not_equal() -> None:
    compared = ExpectedResults([delivery(trip(), trip())]).compare(DEMAND, pa.concat_tables([demand(), demand()]))
    assert not compared.is_equal


def test_missing_column_is_a_difference() -> None:
    compared = ExpectedResults([delivery(trip(), trip())]).compare(DEMAND, demand().drop("miles"))
    assert not compared.is_equal


def test_nothing_against_nothing_is_not_equal() -> None:
    nothing = demand().slice(0, 0)
    assert not ExpectedResults([delivery()]).compare(DEMAND, nothing).is_equal


def test_lines_that_are_no_trips_are_none() -> None:
    expected = ExpectedResults([delivery(trip(), trip(pickup="soon"), trip(fare="much"), "2,2021-01-05 10:00:00")])
    assert expected.trips == 1


def test_trips_of_several_files_and_both_formats_are_counted_together() -> None:
    deliveries = taxi_deliveries(generate_trips(2_000))
    assert ExpectedResults(deliveries.final).trips == 2_000


def test_refunds_count_in_totals_and_in_no_average() -> None:
    (row,) = answers(ExpectedResults([delivery(trip(fare="10"), trip(fare="20"), trip(fare="-6"))]), FARES).to_pylist()
    assert (row["trips"], row["paid_trips"], row["fares"], row["average_fare"]) == (3, 2, Decimal(24), 15.0)


def test_trips_of_implausible_speed_have_none() -> None:
    ended_at_once = trip(dropoff="2021-01-05 10:00:01")
    expected = ExpectedResults([delivery(trip(), ended_at_once)])
    (row,) = answers(expected, SPEEDS).to_pylist()
    assert (row["trips"], row["miles_per_hour"]) == (1, 10.0)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.table)
def test_each_question_has_one_answer_per_key(question: Question) -> None:
    expected = ExpectedResults(taxi_deliveries(generate_trips(2_000)).final)
    answer = answers(expected, question)
    compared = expected.compare(question, answer)
    assert compared.is_equal
    assert compared.rows == answer.num_rows > 0

"""CSV files as people send them: each row becomes what is declared, or is kept with its line and what is wrong."""

from datetime import datetime
from decimal import Decimal

import pytest
from taxi.records import LoadStatus, MalformedRow

from tests.spark.taxi.lake import Lake
from tests.spark.taxi.trips import YELLOW, csv, trip

SOUND = [trip()] * 80
NEXT = len(SOUND) + 2
"""The line after the header and those."""


def quarantined(lake: Lake, content: str | bytes) -> list[MalformedRow]:
    """Load one file and give its malformed rows; everything else in it was loaded."""
    file = lake.put("a.csv", content)
    outcome = lake.conform(file)[file.file_id]
    rows = lake.quarantine.kept.get(file.file_id, [])
    assert (outcome.status, outcome.error) == (LoadStatus.LOADED, "")
    assert (outcome.rows_quarantined, outcome.rows_loaded) == (len(rows), outcome.rows_read - len(rows))
    assert len(lake.rows("pickup_at")) == outcome.rows_loaded
    return rows


def test_values_become_the_declared_types(lake: Lake) -> None:
    quarantined(lake, csv(trip(passenger_count="2.0", fare_amount="17.345", trip_distance="1e1", VendorID="")))
    (row,) = lake.rows(
        "vendor_id", "pickup_at", "dropoff_at", "passenger_count", "trip_distance", "store_and_forward_flag",
        "fare_amount", "tip_amount", "airport_fee",
    )  # fmt: skip
    assert row == (
        None, datetime.fromisoformat("2021-01-01 10:00"), datetime.fromisoformat("2021-01-01 10:12"), 2, 10.0, "N",
        Decimal("17.35"), Decimal("1.25"), None,
    )  # fmt: skip


WHOLE, MONEY, NUMBER = (
    "a whole number of 32 bits, also written 1.0",
    "an amount of money, rounded half up to cents",
    "a finite number",
)
TIME = "local time in a format of the layout, kept as if it were UTC"
REFUSED = [
    ("fare_amount", "abc", MONEY), ("fare_amount", "123456789.00", MONEY), ("tip_amount", "1,5", None),
    ("passenger_count", "1.5", WHOLE), ("passenger_count", "3000000000", WHOLE), ("VendorID", "NULL", WHOLE),
    ("trip_distance", "NaN", NUMBER), ("PULocationID", "NaN", WHOLE),
    ("trip_distance", "2.1d", NUMBER), ("trip_distance", "1e400", NUMBER),
    ("tpep_pickup_datetime", "2021-02-30 10:00:00", TIME), ("tpep_pickup_datetime", "2021-1-1 10:00:00", TIME),
    ("tpep_dropoff_datetime", "01/02/2021 10:00", TIME), ("tpep_pickup_datetime", "0000-01-01 10:00:00", TIME),
    ("tpep_dropoff_datetime", "0000-12-31 23:59:59", TIME), ("tpep_pickup_datetime", "-0001-01-01 10:00:00", TIME),
    ("tpep_pickup_datetime", "123456-01-01 10:00:00", TIME), ("tpep_pickup_datetime", "+123456-01-01 10:00:00", TIME),
    ("tpep_pickup_datetime", "+10000-01-01 00:00:00", TIME), ("tpep_dropoff_datetime", "10000-01-01 00:00:00", TIME),
    ("tpep_pickup_datetime", "+294248-01-01 00:00:00", TIME), ("tpep_pickup_datetime", "+999999-01-01 10:00:00", TIME),
    ("tpep_pickup_datetime", "+999999999-12-31 23:59:59", TIME),
    ("tpep_pickup_datetime", "99999999999-01-01 10:00:00", TIME),
]  # fmt: skip


def test_a_value_that_cannot_become_its_type_makes_its_row_malformed_and_is_named_with_its_line(lake: Lake) -> None:
    """Defect 23 of the reference: rows that did not parse were dropped without a word."""
    broken = [trip(but={column: value}) for column, value, _ in REFUSED]
    rows = quarantined(lake, csv(*SOUND, *broken, *SOUND * 6))
    assert [row.line for row in rows] == list(range(NEXT, NEXT + len(REFUSED)))
    assert [row.text for row in rows] == [",".join(values.values()) for values in broken]
    assert [row.reason for row in rows] == [
        f"{column}: '{value}' is not {meaning}" if meaning else "19 values instead of 18"
        for column, value, meaning in REFUSED
    ]
    assert {row.source_file for row in rows} == {f"{lake.dataset.prefix}a.csv"}


def test_all_that_is_wrong_with_a_row_is_told_at_once(lake: Lake) -> None:
    short = ",".join(list(YELLOW.values())[:-1])
    rows = quarantined(
        lake,
        csv(*SOUND, trip(PULocationID="", total_amount=" "), trip(VendorID="x", fare_amount="y"))
        + f"{short}\n2,2021-01",
    )
    assert [(row.line, row.reason) for row in rows] == [
        (NEXT, "PULocationID: a value is required; total_amount: a value is required"),
        (NEXT + 1, f"VendorID: 'x' is not {WHOLE}; fare_amount: 'y' is not {MONEY}"),
        (NEXT + 2, "17 values instead of 18"),
        (NEXT + 3, "2 values instead of 18"),
    ]


def test_lines_may_end_in_any_way_and_a_byte_order_mark_belongs_to_no_column(lake: Lake) -> None:
    files = {end: lake.put(f"{name}.csv", "\ufeff" + csv(*SOUND, trip(fare_amount="x"), trip(), end=end))
             for name, end in {"unix": "\n", "windows": "\r\n", "mac": "\r"}.items()}  # fmt: skip
    outcomes = lake.conform(*files.values())
    for file in files.values():
        assert (outcomes[file.file_id].rows_loaded, outcomes[file.file_id].rows_quarantined) == (81, 1)
        (row,) = lake.quarantine.kept[file.file_id]
        assert (row.line, row.text.endswith("2.5")) == (NEXT, True)


def test_blank_lines_are_no_rows_but_count_as_lines(lake: Lake) -> None:
    content = csv(*SOUND[:20]) + "\n  \n" + csv(*SOUND[:20], trip(fare_amount="x")).split("\n", 1)[1] + "\n\r\n\n"
    (row,) = quarantined(lake, content)
    assert row.line == 1 + 20 + 2 + 20 + 1
    assert len(lake.rows("pickup_at")) == 40


def test_quoted_values_may_hold_commas_and_quotes_and_one_never_closed_breaks_its_row_alone(lake: Lake) -> None:
    quoted = {name: f'"{value}"' for name, value in trip(store_and_fwd_flag='a, ""b""').items()}
    header = ",".join(f'"{name}"' for name in YELLOW)
    lines = [quoted, trip(store_and_fwd_flag='"x,y"'), trip(store_and_fwd_flag='"N'), *SOUND]
    (row,) = quarantined(lake, "\n".join([header, *(",".join(values.values()) for values in lines)]))
    assert (row.line, row.reason) == (4, "12 values instead of 18")
    assert {flag for (flag,) in lake.rows("store_and_forward_flag")} == {'a, "b"', "x,y", "N"}


def test_columns_may_stand_in_any_order_and_case(lake: Lake) -> None:
    backwards = {name.upper(): value for name, value in reversed(trip(fare_amount="9.5").items())}
    assert quarantined(lake, csv(backwards)) == []
    assert lake.rows("fare_amount", "pickup_zone_id") == [(Decimal("9.50"), 142)]


def test_a_header_in_the_middle_is_a_malformed_row(lake: Lake) -> None:
    (row,) = quarantined(lake, csv(*SOUND) + csv(*SOUND))
    assert (row.line, row.text) == (NEXT, ",".join(YELLOW))


def test_lines_are_counted_through_the_parts_in_which_a_large_file_is_read(lake: Lake) -> None:
    rows = [trip(day=1 + number % 28, tip_amount="x" if number % 97 == 5 else "1") for number in range(2_000)]
    lake.spark.conf.set("spark.sql.files.maxPartitionBytes", "40000")
    try:
        found = quarantined(lake, csv(*rows))
    finally:
        lake.spark.conf.unset("spark.sql.files.maxPartitionBytes")
    assert [row.line for row in found] == [number + 2 for number in range(2_000) if number % 97 == 5]


def test_files_whose_columns_cannot_be_known_fail_with_what_is_wrong_and_their_neighbour_is_loaded(lake: Lake) -> None:
    without_fare = {name: value for name, value in trip().items() if name != "fare_amount"}
    broken: dict[str, tuple[str | bytes, str]] = {
        "empty.csv": ("", "the file is empty"),
        "blank.csv": ("\n" + csv(trip()), "fits no csv layout"),
        "unknown.csv": (csv({**trip(), "mood": "fine"}), "unknown columns: mood"),
        "missing.csv": (csv(without_fare), "missing columns: fare_amount"),
        "utf-16.csv": (csv(trip()).encode("utf-16"), "no text in UTF-8"),
        "binary.csv": (b"PAR1" + b"\x00\xff" * 50_000, "longer than 65536 bytes; is it a CSV file?"),
        "_hidden.csv": (csv(trip()), "names begin with _"),
        ".hidden.csv": (csv(trip()), "names begin with ."),
        "a/../b.csv": (csv(trip()), "has an empty folder"),
    }
    sound = lake.put("sound.csv", csv(*SOUND))
    files = {name: lake.put(name, content) for name, (content, _) in broken.items()}
    outcomes = lake.conform(*files.values(), sound)
    for name, (_, error) in broken.items():
        outcome = outcomes[files[name].file_id]
        assert (outcome.status, outcome.rows_read, outcome.rows_loaded) == (LoadStatus.FAILED, 0, 0)
        assert error in outcome.error, name
    assert outcomes[sound.file_id].status is LoadStatus.LOADED
    assert {key for (key,) in lake.rows("source_file")} == {sound.key}


NAMES = [
    "a b.csv", "a+b.csv", "100%.csv", "a%20b.csv", "ü/日本/😀.csv", "[x]{y,z}*?.csv", "year=2021/month=01/a.csv",
    "deep/er/and/deeper/a.CSV", "quo'te\"s.csv", "back\\slash.csv", "q#h&i=;j.csv",
]  # fmt: skip


@pytest.mark.slow  # so may those of test_hostile_keys and of tests/embedded/lake
def test_keys_may_hold_any_character(lake: Lake) -> None:
    lake.conform(*(lake.put(name, csv(trip(1))) for name in NAMES), lake.put("other.csv", csv(trip(2))))
    corrected = {name: lake.put(name, csv(trip(3), trip(fare_amount="x"), *[trip(3)] * 20)) for name in NAMES}
    outcomes = lake.conform(*corrected.values())
    for name, file in corrected.items():
        assert (outcomes[file.file_id].rows_loaded, outcomes[file.file_id].rows_quarantined) == (21, 1)
        assert [row.source_file for row in lake.quarantine.kept[file.file_id]] == [f"{lake.dataset.prefix}{name}"]
    days = {(key.removeprefix(lake.dataset.prefix), at.day) for key, at in lake.rows("source_file", "pickup_at")}
    assert days == {("other.csv", 2), *((name, 3) for name in NAMES)}


def test_times_that_the_tables_hold_at_their_bounds_are_loaded_and_the_second_job_reads_them(lake: Lake) -> None:
    """Bug hunt, F12: a year 0 or beyond 9999 was loaded as sound, and the second job failed for every later file."""
    bounds = ["0001-01-01 00:00:00", "9999-12-31 23:59:59"]
    broken = [trip(but={"tpep_pickup_datetime": value}) for value in ("0000-01-01 10:00:00", "+10000-01-01 00:00:00")]
    lake.conform(lake.put("before.csv", csv(*SOUND)))
    lake.build()
    bound = lake.put("bounds.csv", csv(*(trip(but={"tpep_pickup_datetime": at}) for at in bounds)))
    assert lake.conform(bound)[bound.file_id].rows_loaded == len(bounds)
    lake.build()
    file = lake.put("broken.csv", csv(*SOUND, *broken))
    assert lake.conform(file)[file.file_id].rows_quarantined == len(broken)
    lake.build()
    days = [day.isoformat() for day, _ in lake.result("hourly_demand", "trip_date", "trips")]
    assert (days[0], days[-1]) == ("0001-01-01", "9999-12-31")


def test_values_beyond_the_header_are_no_error_if_all_are_empty(lake: Lake) -> None:
    """TLC's files of the second half of 2016 have two in each row."""
    line = ",".join(trip().values())
    tails = {",,": None, ", ,": None, ',"",': None, ",,0": "20 values", ",x,": "20 values", ",": None}
    rows = quarantined(lake, csv(*SOUND) + "".join(f"{line}{tail}\n" for tail in tails))
    assert [(row.line, row.reason) for row in rows] == [
        (NEXT + number, f"{reason} instead of 18") for number, reason in enumerate(tails.values()) if reason
    ]
    assert len(lake.rows("pickup_at")) == len(SOUND) + 4


def test_not_a_number_is_null_in_a_whole_number_that_may_be_null_and_only_there(lake: Lake) -> None:
    texts = ("NaN", "nan", " NAN ")
    nothing = [trip(passenger_count=text, RatecodeID=text) for text in texts]
    broken = [trip(but={column: text}) for text in texts for column in ("PULocationID", "tip_amount")]
    rows = quarantined(lake, csv(*nothing, *SOUND * 2, *broken))
    assert [row.reason.split(":")[0] for row in rows] == ["PULocationID", "tip_amount"] * len(texts)
    assert lake.rows("passenger_count", "rate_code_id").count((None, None)) == len(texts)


TWICE = {"congestion_surcharge": "", "Congestion_Surcharge": "", " CONGESTION_SURCHARGE": ""}


def test_a_column_that_a_file_has_in_several_cases_is_one_where_never_two_have_a_value(lake: Lake) -> None:
    names = list(TWICE)
    each = [{**trip(1 + number), **TWICE, name: f"{number}.5"} for number, name in enumerate(names)]
    none = {**trip(9), **TWICE}
    both = [{**trip(10), **TWICE, names[0]: "1", names[2]: "1"}, {**trip(10), **TWICE, names[1]: "x"}]
    rows = quarantined(lake, csv(*each, none, *[{**trip(20), **TWICE}] * 80, *both))
    assert [(row.line, row.reason) for row in rows] == [
        (86, "congestion_surcharge, Congestion_Surcharge,  CONGESTION_SURCHARGE: several have a value"),
        (87, f"Congestion_Surcharge: 'x' is not {MONEY}"),
    ]
    found = {at.day: value for at, value in lake.rows("pickup_at", "congestion_surcharge")}
    assert found == {1: Decimal("0.50"), 2: Decimal("1.50"), 3: Decimal("2.50"), 9: None, 20: None}

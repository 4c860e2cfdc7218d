"""The small tables of the database `taxi_trips`: TLC's own lists of the codes of a trip, and changes to them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from rehearsal.source.database import SourceTable
from rehearsal.source.operational_database import OperationalDatabase
from rehearsal.source.taxi_trips import TableChanges

ZONES = Path(__file__).with_name("taxi_zones.csv")
"""TLC's taxi_zone_lookup.csv (https://www.nyc.gov/site/tlc/about/tlc-trip-record-data.page)."""

# the codes are those of TLC's data dictionary of yellow trips of 18 March 2025, on the same page
_VENDORS = {
    1: "Creative Mobile Technologies, LLC",
    2: "Curb Mobility, LLC",
    6: "Myle Technologies Inc",
    7: "Helix",
}
_RATE_CODES = {
    1: "Standard rate",
    2: "JFK",
    3: "Newark",
    4: "Nassau or Westchester",
    5: "Negotiated fare",
    6: "Group ride",
    99: "Null/unknown",
}
_PAYMENT_TYPES = {
    0: "Flex Fare trip",
    1: "Credit card",
    2: "Cash",
    3: "No charge",
    4: "Dispute",
    5: "Unknown",
    6: "Voided trip",
}
_CODES = {
    "vendors": ("VendorID", "vendor", _VENDORS),
    "rate_codes": ("RatecodeID", "rate_code", _RATE_CODES),
    "payment_types": ("payment_type", "payment", _PAYMENT_TYPES),
}
REFERENCE_TABLES = ("zones", *_CODES)
TRIP_TYPES = "trip_types"
"""A table that no manifest names at first; the codes are those of TLC's data dictionary of green trips."""
_TRIP_TYPES = {1: "Street-hail", 2: "Dispatch"}


@dataclass(frozen=True, slots=True)
class _Change:
    table: str
    kind: str
    statement: str


# Invented: TLC publishes no such changes. Payment type 7 comes and goes, which must leave nothing.
_CHANGES = (
    _Change("zones", "inserted", "INSERT INTO zones VALUES (266, 'Queens', 'Willets Point Ferry', NULL)"),
    _Change("zones", "updated", "UPDATE zones SET Zone = 'Corona South' WHERE LocationID = 57"),
    _Change("zones", "updated", "UPDATE zones SET service_zone = 'Boro Zone' WHERE LocationID = 266"),
    _Change("zones", "deleted", "DELETE FROM zones WHERE LocationID = 105"),
    _Change("vendors", "inserted", "INSERT INTO vendors VALUES (8, 'A vendor to come')"),
    _Change("vendors", "updated", "UPDATE vendors SET vendor = '' WHERE VendorID = 7"),
    _Change("rate_codes", "inserted", "INSERT INTO rate_codes VALUES (7, 'Shared ride')"),
    _Change("rate_codes", "deleted", "DELETE FROM rate_codes WHERE RatecodeID = 6"),
    _Change("payment_types", "inserted", "INSERT INTO payment_types VALUES (7, 'Voucher')"),
    _Change("payment_types", "deleted", "DELETE FROM payment_types WHERE payment_type = 7"),
    _Change("payment_types", "updated", "UPDATE payment_types SET payment = NULL WHERE payment_type = 5"),
)


def create_reference_tables(database: OperationalDatabase) -> int:
    """Add the tables with TLC's values, and give the number of their rows."""
    contents = {"zones": (_zones(), "LocationID")}
    for name, (code, meaning, values) in _CODES.items():
        contents[name] = (pa.table({code: list(values), meaning: list(values.values())}), code)
    for name, (rows, key) in contents.items():
        database.create_table(SourceTable(name, rows.schema, (key,)))
        database.load(name, rows)
    return sum(rows.num_rows for rows, _ in contents.values())


def create_trip_types(database: OperationalDatabase) -> None:
    """Add the table of the types of green trips."""
    rows = pa.table({"trip_type": list(_TRIP_TYPES), "meaning": list(_TRIP_TYPES.values())})
    database.create_table(SourceTable(TRIP_TYPES, rows.schema, ("trip_type",)))
    database.load(TRIP_TYPES, rows)


def change_reference_tables(database: OperationalDatabase) -> tuple[TableChanges, ...]:
    """Insert, update and delete rows of each table, all in one transaction."""
    with database.transaction() as connection:
        for change in _CHANGES:
            connection.execute(change.statement)
    counts = Counter((change.table, change.kind) for change in _CHANGES)
    return tuple(
        TableChanges(table, *(counts[table, kind] for kind in ("inserted", "updated", "deleted")))
        for table in REFERENCE_TABLES
    )


def _zones() -> pa.Table:
    """N/A is a text of TLC's and not a missing value."""
    as_text = pyarrow.csv.ConvertOptions(null_values=[], strings_can_be_null=False)
    return pyarrow.csv.read_csv(ZONES, convert_options=as_text)

"""A month of made-up but plausible taxi trips, the same for the same seed."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from rehearsal.source.trips import TRIPS

MONTH_START = datetime(2021, 1, 1, tzinfo=UTC)
DAYS = 31
SECOND = 1_000_000
CARD, CASH = 1, 2

VENDORS = {1: 33, 2: 67}
# trips by hour of the day: the night is quiet, the late afternoon busy
HOURS = dict(enumerate([9, 6, 4, 3, 3, 4, 10, 20, 28, 29, 30, 33, 37, 38, 43, 46, 45, 47, 46, 36, 27, 22, 19, 14]))
# the busiest zones of Manhattan and the two airports; the rest of the city shares the tail
ZONES = {237: 60, 236: 57, 161: 40, 186: 38, 162: 37, 142: 36, 170: 34, 132: 30, 239: 32, 141: 31, 48: 28, 138: 16}
ZONES |= dict.fromkeys(range(4, 264, 3), 2)
AIRPORTS = [132, 138]
PASSENGERS = {0: 2, 1: 74, 2: 14, 3: 4, 4: 2, 5: 2, 6: 2}
PAYMENTS = {CARD: 76, CASH: 22, 3: 1, 4: 1}
# trips that the meter's vendor reported late come without these values, as in the published files
UNREPORTED = ("VendorID", "passenger_count", "RatecodeID", "store_and_fwd_flag", "payment_type")
UNREPORTED_SHARE = 0.07


class _Draws:
    """Random columns; each draw is a stream of its own, fixed by the seed and the number of the draw."""

    def __init__(self, rows: int, seed: int) -> None:
        self._rows = rows
        self._stream = seed * 1_000

    def uniform(self, low: float = 0.0, high: float = 1.0) -> pa.Array:
        self._stream += 1
        return pc.add(pc.multiply(pc.random(self._rows, initializer=self._stream), high - low), low)

    def chance(self, share: float) -> pa.Array:
        return pc.less(self.uniform(), share)

    def choice(self, weights: Mapping[int, int]) -> pa.Array:
        urn = pa.array([value for value, weight in weights.items() for _ in range(weight)], pa.int64())
        return urn.take(pc.cast(pc.floor(self.uniform(0, len(urn))), pa.int64()))


def generate_trips(rows: int, seed: int = 2021) -> pa.Table:
    """Make the given number of trips, ordered by pick-up time."""
    draws = _Draws(rows, seed)
    trips = _journeys(draws) | _riders(draws)
    trips |= _amounts(draws, trips)
    unreported = draws.chance(UNREPORTED_SHARE)
    for name in UNREPORTED:
        trips[name] = pc.if_else(unreported, pa.scalar(None, TRIPS.field(name).type), trips[name])
    trips |= {name: pa.nulls(rows) for name in TRIPS.names if name not in trips}
    table = pa.table([pc.cast(trips[field.name], field.type) for field in TRIPS], schema=TRIPS)
    return table.sort_by("tpep_pickup_datetime")


def _journeys(draws: _Draws) -> dict[str, pa.Array]:
    """Where and when: miles are roughly log-normal, airports lie far out."""
    pickup_zone = draws.choice(ZONES)
    bell = pc.add(pc.add(draws.uniform(-1), draws.uniform(-1)), draws.uniform(-1))
    miles = pc.multiply(pc.exp(pc.multiply(bell, 0.7)), 1.8)
    from_airport = pc.is_in(pickup_zone, pa.array(AIRPORTS))
    miles = pc.round(pc.if_else(from_airport, pc.add(miles, 9.5), miles), 2)
    second = pc.add(pc.multiply(draws.choice(HOURS), 3600), _whole(draws.uniform(0, 3600)))
    day = pc.multiply(_whole(draws.uniform(0, DAYS)), 86_400)
    pickup = pc.add(pc.multiply(pc.add(day, second), SECOND), int(MONTH_START.timestamp()) * SECOND)
    seconds = pc.add(_whole(pc.divide(pc.multiply(miles, 3600.0), draws.uniform(8, 22))), 60)
    return {
        "PULocationID": pickup_zone,
        "DOLocationID": draws.choice(ZONES),
        "trip_distance": miles,
        "tpep_pickup_datetime": pickup,
        "tpep_dropoff_datetime": pc.add(pickup, pc.multiply(seconds, SECOND)),
    }


def _riders(draws: _Draws) -> dict[str, pa.Array]:
    return {
        "VendorID": draws.choice(VENDORS),
        "passenger_count": draws.choice(PASSENGERS),
        "RatecodeID": draws.choice({1: 97, 2: 2, 5: 1}),
        "store_and_fwd_flag": pc.if_else(draws.chance(0.01), "Y", "N"),
        "payment_type": draws.choice(PAYMENTS),
    }


def _amounts(draws: _Draws, trips: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Fares follow the meter of 2021; only card payments record a tip."""
    minutes = pc.divide(
        pc.cast(pc.subtract(trips["tpep_dropoff_datetime"], trips["tpep_pickup_datetime"]), pa.float64()), 60.0 * SECOND
    )
    metered = pc.add(pc.add(pc.multiply(trips["trip_distance"], 2.5), pc.multiply(minutes, 0.15)), 2.5)
    fare = pc.divide(pc.round(pc.multiply(metered, 2.0)), 2.0)
    is_card = pc.equal(trips["payment_type"], CARD)
    from_airport = pc.is_in(trips["PULocationID"], pa.array(AIRPORTS))
    amounts = {
        "fare_amount": fare,
        "extra": pc.if_else(draws.chance(0.4), 2.5, 0.0),
        "mta_tax": pc.if_else(draws.chance(0.99), 0.5, 0.0),
        "tip_amount": pc.if_else(is_card, pc.round(pc.multiply(fare, draws.uniform(0.1, 0.3)), 2), 0.0),
        "tolls_amount": pc.if_else(pc.and_(from_airport, draws.chance(0.5)), 6.12, 0.0),
        "improvement_surcharge": pc.if_else(draws.chance(0.999), 0.3, 0.0),
        "congestion_surcharge": pc.if_else(draws.chance(0.92), 2.5, 0.0),
        "airport_fee": pc.if_else(from_airport, 1.25, 0.0),
    }
    total = fare
    for name, amount in amounts.items():
        total = total if name == "fare_amount" else pc.add(total, amount)
    return amounts | {"total_amount": pc.round(total, 2)}


def _whole(numbers: pa.Array) -> pa.Array:
    return pc.cast(pc.floor(numbers), pa.int64())

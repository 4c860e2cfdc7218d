"""What Iceberg tables can do."""

from __future__ import annotations

from lake.tables.capabilities import Capabilities, Engine
from lake.tables.columns import Binary, Date, Decimal, Integer, Promotion, String, Timestamp

ICEBERG = Capabilities(
    name="Iceberg",
    # what the specification allows; more digits after a decimal's point would make other values of the stored ones
    in_place=frozenset({Promotion.INT_TO_BIGINT, Promotion.FLOAT_TO_DOUBLE, Promotion.DECIMAL_PRECISION}),
    keeps_derived_values=False,
    no_partitions=(Binary,),
    reserved_prefixes=("_change_",),
    separate_catalog=False,
    # https://iceberg.apache.org/spec/#partition-transforms
    partition_transforms={
        "identity": (),
        "day": (Date, Timestamp),
        "bucket": (Integer, Decimal, String, Binary, Date, Timestamp),
    },
    table_types=("copy_on_write",),
    engines=(Engine.SPARK, Engine.NATIVE),
    # the columns by which Iceberg's readers ask for what is no value of a row
    reserved_names=frozenset(
        {"_file", "_pos", "_deleted", "_spec_id", "_partition", "_row_id", "_last_updated_sequence_number"}
    ),
)

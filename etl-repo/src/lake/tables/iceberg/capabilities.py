"""What Iceberg tables can do."""

from __future__ import annotations

from lake.tables.capabilities import Capabilities
from lake.tables.columns import Binary, Promotion

ICEBERG = Capabilities(
    name="Iceberg",
    # what the specification allows; more digits after a decimal's point would make other values of the stored ones
    in_place=frozenset({Promotion.INT_TO_BIGINT, Promotion.FLOAT_TO_DOUBLE, Promotion.DECIMAL_PRECISION}),
    keeps_derived_values=False,
    no_partitions=(Binary,),
    reserved_prefixes=("_change_",),
    separate_catalog=False,
    # the columns by which Iceberg's readers ask for what is no value of a row
    reserved_names=frozenset(
        {"_file", "_pos", "_deleted", "_spec_id", "_partition", "_row_id", "_last_updated_sequence_number"}
    ),
)

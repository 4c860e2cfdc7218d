"""What Hudi tables can do."""

from __future__ import annotations

from lake.tables.capabilities import Capabilities
from lake.tables.columns import Binary, Promotion, Timestamp

COPY_ON_WRITE, MERGE_ON_READ = "copy_on_write", "merge_on_read"

HUDI = Capabilities(
    name="Hudi",
    # other types are not widened by all readers, nor always to the same value
    in_place=frozenset({Promotion.INT_TO_BIGINT}),
    keeps_derived_values=True,
    # a partition's folder must name its value so that every reader gets the same value back
    no_partitions=(Timestamp, Binary),
    reserved_prefixes=("_hoodie_", "_tmp_metadata_"),
    separate_catalog=True,
    partition_transforms={"identity": ()},
    table_types=(COPY_ON_WRITE, MERGE_ON_READ),
    # t_ro is the table as it was compacted last, t_rt the table with every change
    extra_names={MERGE_ON_READ: ("_ro", "_rt")},
)

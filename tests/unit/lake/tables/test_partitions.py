"""A partition is written as a column, a day of one, or buckets of one; anything else is one clear message."""

import pytest

from lake.tables.partitions import Partition, partition_of


@pytest.mark.parametrize(
    ("text", "partition", "written"),
    [
        ("REGION", Partition("REGION"), "REGION"),
        ("day(ORDERED_AT)", Partition("ORDERED_AT", "day"), "day(ORDERED_AT)"),
        ("day( Ordered at )", Partition("Ordered at", "day"), "day(Ordered at)"),
        ("bucket(16,ID)", Partition("ID", "bucket", 16), "bucket(16, ID)"),
        ("bucket( 16 , ID )", Partition("ID", "bucket", 16), "bucket(16, ID)"),
    ],
)
def test_text_of_a_partition_is_read_and_written(text: str, partition: Partition, written: str) -> None:
    assert partition_of(text) == partition
    assert str(partition) == written
    assert partition_of(written) == partition


@pytest.mark.parametrize("text", ["month(ORDERED_AT)", "truncate(4, NAME)", "hour (AT)", "bucket(ID)", "bucket(x, ID)"])
def test_transform_that_no_table_has_is_one_message_with_the_way_out(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no way to partition a table; write a column, day\(column\) or bucket\("):
        partition_of(text)


@pytest.mark.parametrize("buckets", ["0", "10001"])
def test_number_of_buckets_has_bounds(buckets: str) -> None:
    with pytest.raises(ValueError, match="a table has 1 to 10,000 buckets"):
        partition_of(f"bucket({buckets}, ID)")

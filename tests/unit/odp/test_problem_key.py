"""Which errors are the same problem: names of columns tell problems apart, whatever they look like."""

import pytest
from odp.state_changes import problem_key

REFUSED = "SchemaChangeRefusedError: db.t: the schema changed in a way that the lake cannot follow: "


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("column ADDRESS1 is int in s3://s/a.parquet, but string in s3://s/b.parquet", ("ADDRESS1", "ADDRESS2")),
        ("column 'addr 1' of s3://s/a.parquet has a name that tables cannot have", ("addr 1", "addr 2")),
        ("s.t: s3://s/t/a.parquet has no column ID, K1 (it has A, B9)", ("K1", "K2")),
        ("columns A1 and B1 of s3://s/a.parquet differ in upper and lower case only", ("B1", "B2")),
        ("column TRANSACTIONAMOUNT (int in s3://s/a) is missing in s3://s/b", ("TRANSACTIONAMOUNT", "ACCOUNTBALANCE")),
        ("Column `price$1` cannot be resolved", ("price$1", "price$2")),
    ],
)
def test_another_column_is_another_problem_whatever_its_name_looks_like(one: str, other: tuple[str, str]) -> None:
    assert problem_key(REFUSED + one) != problem_key(REFUSED + one.replace(*other))
    later = one.replace("a.parquet", "20260101-000000017.parquet")
    assert problem_key(REFUSED + one) == problem_key(REFUSED + later)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ValueError: s3://s/a has 2,001 columns, and no table has more", "2,002"),
        ("ValueError: column 3 of row 17 is empty", "18"),
        ("OSError: no space left on ip-172-31-4-17.ec2.internal, thread pool-3-thread-17", "18"),
    ],
)
def test_other_numbers_are_the_same_problem(one: str, other: str) -> None:
    number = "2,001" if "2,001" in one else "17"
    assert problem_key(one) == problem_key(one.replace(number, other))

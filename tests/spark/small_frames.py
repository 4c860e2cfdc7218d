"""Lets `createDataFrame` make frames of a test's rows without Python workers.

PySpark pickles the rows in batches, and at each job on the frame has Python workers batch them in another way for the
JVM. But that reads any batches. The workers took a fifth of the processor time of the tests of table formats.
"""

from typing import Any

from pyspark.rdd import RDD
from pyspark.serializers import BatchedSerializer

_in_other_batches = RDD._pickled


def use() -> None:
    """Give the JVM the rows in the batches that they are in."""
    RDD._pickled = _as_they_are  # type: ignore[method-assign, assignment]


def _as_they_are(rows: RDD[Any]) -> RDD[Any]:
    return rows if type(rows._jrdd_deserializer) is BatchedSerializer else _in_other_batches(rows)

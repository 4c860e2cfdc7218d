"""What every plain way begins with: a window that keeps the last change of each key."""

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from benchmarks.change_phase.workload import CHANGES, KEY, SEQUENCE, SourceTable


def latest_changes(spark: SparkSession, table: SourceTable) -> DataFrame:
    """Keep the last change of each key."""
    newest_first = Window.partitionBy(KEY).orderBy(F.col(SEQUENCE).desc())
    changes = spark.read.parquet(table.uri(CHANGES))
    return changes.withColumn("rank", F.row_number().over(newest_first)).filter("rank = 1").drop("rank")

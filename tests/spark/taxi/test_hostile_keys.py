"""Keys that say something to Spark, to SQL or to a shell are names of files and nothing else."""

import os

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from taxi.records import LoadStatus
from taxi.spark_session import SETTINGS

from tests.spark.taxi.lake import Lake
from tests.spark.taxi.trips import csv, trip

KEYS = [
    "${spark:spark.sql.shuffle.partitions}.csv",
    "${spark:spark.sql.session.timeZone}.csv",
    "${env:HOME}.csv",
    "${env:PATH}/${env:LANG}.csv",
    "${system:java.version}.csv",
    "${system:line.separator}.csv",
    "${hivevar:x}${hiveconf:y}${config:z}${unknown}.csv",
    "${spark:${env:HOME}}.csv",
    "$%7Benv:HOME%7D.csv",
    "it's ${env:HOME} \\' OR 1=1 -- .csv",
    "') OR source_file LIKE '%.csv",
    "\\') OR 1 = 1; -- .csv",
    "a' OR 'a' = 'a.csv",
    "?, :key, `x`, /* .csv",
    "{'a'}'{'b'}.csv",
    "%s %(x)s {0} \u2028.csv",
]


def test_a_key_is_never_taken_for_sql_or_for_a_variable_and_no_other_keys_rows_are_deleted(lake: Lake) -> None:
    """Security review, H4: Spark replaces variables before it parses, so that escaping a literal does not help."""
    lake.table.prepare()
    others = [f"{os.environ['HOME']}.csv", "200.csv", "UTC.csv", "other.csv"]
    written = lake.spark.createDataFrame([(key,) for key in (*KEYS, *others)], "source_file string")
    lake.table.replace_files(_rows(lake, written), [])
    for number, key in enumerate(KEYS):  # each alone, so that none is lost in the list of another
        lake.table.replace_files(_rows(lake, written.limit(0)), [key])
        assert [found for (found,) in lake.rows("source_file")] == sorted([*KEYS[number + 1 :], *others], key=repr)


def test_files_under_hostile_keys_are_loaded_and_corrected_or_refused_alone(lake: Lake) -> None:
    other = lake.put("other.csv", csv(trip(2)))
    files = [lake.put(key, csv(trip(1))) for key in KEYS if not _has_a_colon_only(key)]
    lake.conform(other, *files)
    corrected = [lake.put(file.key.removeprefix(lake.dataset.prefix), csv(trip(3))) for file in files]
    refused, loaded = set(), {(other.key, 2)}
    outcomes = lake.conform(*corrected)
    for file in corrected:
        outcome = outcomes[file.file_id]
        if ":" in file.key or "\u2028" in file.key:
            assert "send the file under another key" in outcome.error
            refused.add(file.key)
        else:
            assert outcome.status is LoadStatus.LOADED, outcome.error
            loaded.add((file.key, 3))
    assert {(key, at.day) for key, at in lake.rows("source_file", "pickup_at")} == loaded
    assert len(refused) + len(loaded) == len(files) + 1


def _has_a_colon_only(key: str) -> bool:
    """S3 has such keys; the folder that stands for it in these tests has not, because of Hadoop's checksums."""
    return ":" in key and not {*key} & {*"\\{}[]*?"}


def _rows(lake: Lake, files: DataFrame) -> DataFrame:
    """One row of each file as the job hands it to the table."""
    declared = lake.spark.table(lake.name.sql).schema
    values = {"pickup_at": F.lit("2021-01-01 10:00:00"), "source_file": F.col("source_file")}
    columns = (values.get(field.name, F.lit(None)).cast(field.dataType).alias(field.name) for field in declared)
    return files.select(*columns)


def test_the_sessions_of_both_flows_replace_no_variables(spark: SparkSession, taxi_spark: SparkSession) -> None:
    for session in (spark, taxi_spark):
        assert session.sql("SELECT '${env:HOME}', '${spark:spark.sql.session.timeZone}'").collect() == [
            ("${env:HOME}", "${spark:spark.sql.session.timeZone}")
        ]
    assert SETTINGS["spark.sql.variable.substitute"] == "false"

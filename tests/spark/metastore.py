"""Asks the metastore of the session what it knows of a table."""

from typing import Any

from odp.spark_session import hadoop_configuration, jvm
from pyspark.sql import SparkSession


def metastore(spark: SparkSession) -> Any:
    """A client of the metastore, a Java object."""
    java = jvm(spark)
    hive = java.org.apache.hadoop.hive
    conf = hive.conf.HiveConf(hadoop_configuration(spark), java.Class.forName("org.apache.hadoop.hive.conf.HiveConf"))
    return hive.metastore.HiveMetaStoreClient(conf)


def catalog_columns(spark: SparkSession, database: str, table: str) -> dict[str, str]:
    """The type of each column of a table, partition keys left out."""
    columns = metastore(spark).getTable(database, table).getSd().getCols()
    return {column.getName(): column.getType() for column in columns}

"""Asks the metastore of the session what it knows of a table."""

from typing import Any

from pyspark.sql import SparkSession

from lake.spark_session import hadoop_configuration, java_class


def metastore(spark: SparkSession) -> Any:
    """A client of the metastore, a Java object."""
    name = "org.apache.hadoop.hive.conf.HiveConf"
    conf_class = java_class(spark, "java.lang.Class").forName(name)
    conf = java_class(spark, name)(hadoop_configuration(spark), conf_class)
    return java_class(spark, "org.apache.hadoop.hive.metastore.HiveMetaStoreClient")(conf)


def catalog_columns(spark: SparkSession, database: str, table: str) -> dict[str, str]:
    """The type of each column of a table, partition keys left out."""
    columns = metastore(spark).getTable(database, table).getSd().getCols()
    return {column.getName(): column.getType() for column in columns}


def catalog_comments(spark: SparkSession, database: str, table: str) -> dict[str, str]:
    """The comment of each column that has one, partition keys included."""
    entry = metastore(spark).getTable(database, table)
    columns = [*entry.getSd().getCols(), *entry.getPartitionKeys()]
    return {column.getName(): column.getComment() for column in columns if column.getComment()}


def open_for_sync(spark: SparkSession, base_path: str) -> None:
    """Open the metastore as Hudi's sync does."""
    options = java_class(spark, "java.util.Properties")()
    options.setProperty("hoodie.datasource.meta.sync.base.path", base_path)
    options.setProperty("hoodie.datasource.hive_sync.mode", "hms")
    configuration = java_class(spark, "org.apache.hadoop.conf.Configuration")(hadoop_configuration(spark))
    conf = java_class(spark, "org.apache.hudi.hive.HiveSyncConfig")(options, configuration).getHiveConf()
    java_class(spark, "org.apache.hudi.hive.util.IMetaStoreClientUtil").getMSC(conf).getAllDatabases()


def opened_metastore(spark: SparkSession) -> int:
    """Tell one opening of the metastore from another: Hive has one factory of what reads it at a time."""
    store = java_class(spark, "java.lang.Class").forName("org.apache.hadoop.hive.metastore.ObjectStore")
    factory = store.getDeclaredField("pmf")
    factory.setAccessible(True)
    return int(java_class(spark, "java.lang.System").identityHashCode(factory.get(None)))

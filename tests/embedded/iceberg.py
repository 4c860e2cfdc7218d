"""The arguments of an Iceberg job as the stack writes them; nothing in them knows the emulator."""

_RUNTIME = "org.apache.iceberg"
_CATALOG = "spark.sql.catalog.glue_catalog"


def iceberg_arguments(bucket: str) -> dict[str, str]:
    """Have Iceberg on the class path, with its tables in the Data Catalog."""
    settings = [
        f"spark.sql.extensions={_RUNTIME}.spark.extensions.IcebergSparkSessionExtensions",
        f"{_CATALOG}={_RUNTIME}.spark.SparkCatalog",
        f"{_CATALOG}.catalog-impl={_RUNTIME}.aws.glue.GlueCatalog",
        f"{_CATALOG}.io-impl={_RUNTIME}.aws.s3.S3FileIO",
        f"{_CATALOG}.warehouse=s3://{bucket}/",
    ]
    return {"--datalake-formats": "iceberg", "--conf": " --conf ".join(settings)}

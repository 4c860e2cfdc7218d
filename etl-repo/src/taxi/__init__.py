"""The NYC taxi flow's runtime: standard library, boto3 and pyspark; deployed as one asset with odp."""

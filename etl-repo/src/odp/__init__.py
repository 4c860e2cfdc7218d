"""The ODP runtime: standard library, boto3 and pyspark; deployed to Lambda and Glue as one asset."""

"""A stand-in for AWS DMS: replicates a database into files on S3 as the synthesised endpoints and settings say."""

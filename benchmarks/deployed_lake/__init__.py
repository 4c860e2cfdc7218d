"""Small tables on a deployed lake, from files in S3 to commits in the Data Catalog, refreshed by the native engine."""

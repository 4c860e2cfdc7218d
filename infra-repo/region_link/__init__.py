"""The function that links the storage of two Regions: replication of buckets and of secrets."""

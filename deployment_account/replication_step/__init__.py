"""What a pipeline runs around the deployment of replications by DMS; standard library alone, written into a buildspec.

CloudFormation neither stops nor starts a replication, and cannot change one that runs.
"""

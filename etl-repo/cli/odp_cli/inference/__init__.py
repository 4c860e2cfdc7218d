"""Drafts table manifests from files that have landed, each proposal with its evidence; a person decides.

The steps, each a function of its own: `s3_source` opens a bucket, `landed_tables` groups its objects, `profile` reads
one table, `propose` finds cadences and batches, `draft` writes the manifest; `evidence_tables` and `evidence_document`
show what it rests on. Whatever stops a step is an `InferenceError`.
"""

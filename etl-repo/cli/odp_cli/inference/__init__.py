"""Drafts table manifests from files that have landed, each proposal with its evidence; a person decides."""

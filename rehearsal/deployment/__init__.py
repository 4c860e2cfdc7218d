"""Synthesises the two apps and deploys their assemblies, unmodified, through the public CloudFormation API."""

"""Configuration Manager: table manifests from git become the configuration tables."""

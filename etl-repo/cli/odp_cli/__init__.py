"""The `odp` command for the person who writes table manifests; it runs on a laptop and is never deployed."""

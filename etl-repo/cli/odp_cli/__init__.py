"""The `odp` command for people who write manifests and operate a lake; it runs on a laptop and is never deployed."""

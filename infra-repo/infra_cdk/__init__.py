"""The infrastructure app: network, storage and secrets of one environment."""

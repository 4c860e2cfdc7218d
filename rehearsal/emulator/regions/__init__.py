"""What lies between two Regions of the emulator: replication that takes time, cuts, and calls that do not arrive."""

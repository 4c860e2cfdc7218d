"""The drill: the primary Region of a deployed lake is lost in the middle of a refresh, and the secondary goes on."""

"""The ports of the framework in memory, as strict as the services that they stand for."""

"""A PostgreSQL server on this machine: of a Python package, on 127.0.0.1 only, ended with its owner."""

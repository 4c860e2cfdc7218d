"""Reads MySQL and MariaDB: tables, types and the binlog."""

"""A MariaDB server on this machine: unpacked from a jar, on 127.0.0.1 only, ended with the process that started it."""

"""AWS on one machine: ministack as a child process, hardened and extended, behind AWS's own wire protocol."""

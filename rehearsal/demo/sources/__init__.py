"""The operational databases that the demo can replicate: a real server, or a file without one."""

"""The demo: a lake deployed on this machine, an operational database replicated into it, every value compared."""

"""The demo: a lake deployed on this machine, eighteen tables replicated into it, and every value compared."""

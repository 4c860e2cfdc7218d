"""Rehearses the deployment: interprets the synthesised pipelines in the emulator, started by `git push`."""

"""From empty accounts to accounts that pipelines deploy into, and back: `python -m scripts.bootstrap --help`."""

"""What ends a demo, with a message for the person who started it."""


class DemoError(Exception):
    """The demo cannot go on; the message says what, where and how to mend it."""

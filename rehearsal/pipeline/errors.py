"""What can go wrong in a rehearsal, with a message for the person who reads it."""


class RehearsalError(Exception):
    """The rehearsal cannot go on; the message says what, where and how to mend it."""


class EmulatorLostError(RehearsalError):
    """The emulator ended by itself, and with it what it had not saved."""


class UnsupportedPipelineError(RehearsalError):
    """A pipeline asks for something that is not rehearsed; passing it over would prove nothing."""


class ActionFailedError(RehearsalError):
    """An action failed as it would on AWS; the message names the link at fault and what mends it."""

"""The extensions in the order in which they are put into ministack, before it serves."""

from collections.abc import Callable

from rehearsal.emulator import lambda_environment, lambda_errors, lambda_logs, resource_types, secure_transport
from rehearsal.emulator.settings import EmulatorSettings

Stop = Callable[[], None]


def install(settings: EmulatorSettings) -> Stop:
    """Install all extensions and return what ends the work they have started."""
    secure_transport.install()
    lambda_environment.install()
    lambda_errors.install()
    lambda_logs.install(settings.logs / "lambda")
    resource_types.install()
    return lambda: None

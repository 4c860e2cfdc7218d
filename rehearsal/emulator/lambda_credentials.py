"""A function's session of its role: ministack derives it from names that anybody can know, without any secret."""

from typing import Any

from rehearsal.emulator import ministack_patches as patches
from rehearsal.emulator import network_origin, role_sessions


def install() -> None:
    """Give functions sessions that cannot be guessed, wherever ministack starts them."""
    for seam in (patches.LAMBDA_WORKER_CREDENTIALS, patches.LAMBDA_CREDENTIALS):
        seam.replace(lambda _: _credentials)


def _credentials(config: dict[str, Any]) -> dict[str, str]:
    """Return the environment variables of a function's session, which lasts as long as the function runs."""
    session = role_sessions.session_of_function(
        config["FunctionArn"], role_arn=config.get("Role", ""), session_name=config["FunctionName"][:64]
    )
    network_origin.is_code(session.arn, sourcefunctionarn=config["FunctionArn"])
    vpc = (config.get("VpcConfig") or {}).get("VpcId")
    return session.environment() | ({network_origin.VARIABLE: network_origin.mark(vpc)} if vpc else {})

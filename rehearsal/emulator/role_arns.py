"""Takes the ARNs of roles and of their sessions apart."""


def account_and_name(arn: str) -> tuple[str, str]:
    """Return the account and name of a role, from its own ARN or a session's ARN (without a path)."""
    account = arn.split(":")[4]
    return account, arn.split("/")[1] if ":assumed-role/" in arn else arn.rsplit("/", 1)[-1]

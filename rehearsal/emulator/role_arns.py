"""Takes the ARNs of roles and of their sessions apart."""


def account_and_name(arn: str) -> tuple[str, str]:
    """Give the account and the name of a role, by its own ARN or by that of a session, which has no path."""
    account = arn.split(":")[4]
    return account, arn.split("/")[1] if ":assumed-role/" in arn else arn.rsplit("/", 1)[-1]

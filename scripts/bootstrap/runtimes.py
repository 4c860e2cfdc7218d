"""Checks how long Lambda still supports the functions' Python version."""

from __future__ import annotations

from datetime import date, timedelta

from scripts.bootstrap.findings import Finding, fine, wrong

PYTHON = "python3.11"
"""That of Glue 5.1: functions and jobs run one package."""
ENDS = date(2027, 6, 30)
"""https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html, as of 2026; compare it when the row turns red."""
NOTICE = timedelta(days=120)


def runtime_finding(subject: str, today: date) -> Finding:
    """Fine until four months before Lambda's end of support; afterwards no function can be created or changed."""
    if today < ENDS - NOTICE:
        return fine(subject, f"{PYTHON}, supported until {ENDS}")
    return wrong(
        subject,
        f"Lambda supports {PYTHON} until {ENDS}, and takes no changes of its functions some weeks later",
        mend="move the lake to the Glue version with the next Python, and the functions with it",
    )

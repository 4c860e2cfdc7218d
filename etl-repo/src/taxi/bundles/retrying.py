"""The retry rule of files that were not loaded: waits, sizes of bundles, limits.

Transient failures are retried over a day. Any file may have killed a dead run, so its files are tried again in halves.
A file fails only if it killed several runs alone, or never stopped failing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from taxi.records import FileOutcome, LandedFile, LoadStatus, WaitingFile

_MINUTE, _HOUR = 60, 3_600
_WAITS = (_MINUTE, 4 * _MINUTE, 15 * _MINUTE, _HOUR, 4 * _HOUR, 8 * _HOUR, 12 * _HOUR)
WAITS_OF_TRIES = _WAITS
"""The waits add up to more than a day: a fault of S3 or KMS may last that long."""
WAITS_ALONE = _WAITS[2:]
"""Also more than a day, but with fewer tries: each may cost two runs up to their timeout."""
WAITS_FOR_RUNS = _WAITS[:5]
"""The waits for a working run; the last one repeats, and ends when any run of the dataset succeeds."""
MOST_TRIES = len(WAITS_OF_TRIES) + 1
MOST_ALONE = len(WAITS_ALONE) + 1
SILENCE = "the run ended without saying what became of this file"
ERROR_LENGTH = 2_000
_NEVER_RAN = re.compile(r"(?:[\w.-]+: )?Glue\.\w+")
"""An error of Glue's API rather than of a run; Step Functions calls the latter States.TaskFailed or .Timeout."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The outcome of one file, and its wait if it stays pending."""

    outcome: FileOutcome
    waiting: WaitingFile | None = None


def settled(file: LandedFile, reported: FileOutcome | None, files: int, error: str, now: int) -> Settled:
    """Decide about one file of a bundle by the run's report, or by the run's error if it died."""
    if reported is None:
        return _after_death(file, files, error or SILENCE, now)
    reported = replace(reported, error=reported.error[:ERROR_LENGTH])
    if reported.status is LoadStatus.STOPPED:
        return _waiting(file, 0, now, "its run stopped", reported.error)
    if reported.status is LoadStatus.PENDING:
        return _after_passing(file, reported, now)
    if reported.status is LoadStatus.LOADED and error:
        return _after_build(file, reported, error, now)
    return Settled(reported)


def _after_passing(file: LandedFile, reported: FileOutcome, now: int) -> Settled:
    """The bundle has the count, so a repeated closing counts the same."""
    tries = file.tries + 1
    if tries >= MOST_TRIES:
        last = f"try {tries} of {MOST_TRIES} failed, there is no further one; send the file again: {reported.error}"
        return _failed(file, last)
    # its run lived, so no suspicion is left except for runs that died with this file alone
    tried = replace(file, tries=tries, deaths=0, most_files=1 if file.alone else 0)
    return _waiting(tried, WAITS_OF_TRIES[tries - 1], now, f"tried {tries} of {MOST_TRIES} times", reported.error)


def _after_build(file: LandedFile, reported: FileOutcome, error: str, now: int) -> Settled:
    """The conformed table has its rows; a failed build is not the fault of a file."""
    deaths = file.deaths + 1
    tried = replace(file, deaths=deaths, most_files=0, loaded=replace(reported, error=""))
    how = "the conformed table has its rows, the purpose-built tables may lack them until the next run"
    return _waiting(tried, _wait_for_a_run(deaths), now, how, error)


def _after_death(file: LandedFile, files: int, error: str, now: int) -> Settled:
    deaths = file.deaths + 1
    if _NEVER_RAN.match(error):
        return _waiting(replace(file, deaths=deaths), _wait_for_a_run(deaths), now, "Glue started no run", error)
    if files > 1:
        tried = replace(file, deaths=deaths, most_files=(files + 1) // 2)
        return _waiting(tried, _wait_for_a_run(deaths), now, f"a run of {files} files died, fewer are next", error)
    alone = file.alone + 1
    if alone >= MOST_ALONE:
        return _failed(file, f"{alone} runs died that loaded this file alone; mend it and send it again: {error}")
    tried = replace(file, alone=alone, deaths=0, most_files=1)
    how = f"a run that loaded it alone died, {alone} of {MOST_ALONE} times"
    return _waiting(tried, WAITS_ALONE[alone - 1], now, how, error)


def _wait_for_a_run(deaths: int) -> int:
    return WAITS_FOR_RUNS[min(deaths, len(WAITS_FOR_RUNS)) - 1]


def _waiting(file: LandedFile, wait_seconds: int, now: int, how: str, error: str) -> Settled:
    waiting = WaitingFile(replace(file, not_before=now + wait_seconds), wait_seconds, how, error[:ERROR_LENGTH])
    return Settled(FileOutcome(file.file_id, LoadStatus.PENDING, error=waiting.error), waiting)


def _failed(file: LandedFile, error: str) -> Settled:
    return Settled(FileOutcome(file.file_id, LoadStatus.FAILED, error=error[:ERROR_LENGTH]))

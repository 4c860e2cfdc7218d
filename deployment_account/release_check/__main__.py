"""The steps of a release, each a build of its own: `pin`, `check`, `verify`, `publish`.

What a step finds out it writes into files of the working folder, which the buildspec makes variables of.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .assembly import digest, publish
from .change_sets import Place, Prepared, read
from .command_line import UnreadableError
from .message import message, report

RELEASE = "release.json"
"""Which change sets a release consists of: written by the buildspec, that of the pipeline itself first."""


def main(step: str) -> int:
    """Carry out a step; whatever is not known for certain fails it."""
    try:
        _STEPS[step]()
    except UnreadableError as error:
        sys.stderr.write(f"NOT PASSED: {error}\n")
        return 1
    return 0


def _pin() -> None:
    _tell("DIGEST", digest(_artifact()))


def _publish() -> None:
    if digest(_artifact()) != os.environ.get("APPROVED_DIGEST"):
        raise UnreadableError("what is to be published is not what was there when somebody approved")
    publish(_artifact())


def _check() -> None:
    prepared = _read()
    sys.stdout.write("\n".join(report(prepared)) + "\n")
    _tell("MESSAGE", message(prepared, own=prepared[0].stack))
    _tell("FINGERPRINT", _fingerprint(prepared))


def _verify() -> None:
    if _fingerprint(_read()) != os.environ.get("APPROVED_FINGERPRINT"):
        raise UnreadableError("what would be executed is not what somebody approved")


def _read() -> list[Prepared]:
    places = json.loads(Path(RELEASE).read_text(encoding="utf-8"))
    return [read(Place(**place)) for place in places]


def _fingerprint(prepared: Sequence[Prepared]) -> str:
    return hashlib.sha256("".join(one.fingerprint for one in prepared).encode()).hexdigest()


def _artifact() -> Path:
    return Path(os.environ["CODEBUILD_SRC_DIR"])


def _tell(name: str, value: str) -> None:
    Path(name).write_text(value, encoding="utf-8")
    sys.stdout.write(f"{name}: {value}\n")


_STEPS = {"pin": _pin, "publish": _publish, "check": _check, "verify": _verify}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

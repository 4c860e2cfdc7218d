"""The two steps around the deployment of an environment's replications: `stop` and `resume`.

`stop` stops those alone that the change set changes. `resume` starts what a pipeline stopped, also in an earlier
run whose deployment failed. Neither starts a replication for the first time: that loads the whole database, at a
time that a person chooses.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deployment_account.release_check.command_line import CommandLine, UnreadableError
from deployment_account.replication_step.active_region import active_region
from deployment_account.replication_step.dms import AT_REST, AT_WORK, NEVER_STARTED, Dms
from deployment_account.replication_step.memory import Memory, Stopped
from deployment_account.replication_step.replications import (
    Replication,
    TableChanges,
    changed_by,
    replications_in,
    table_changes,
)

PLACE = "place.json"
"""Where the step works: written by the buildspec."""
PATIENCE_WITH_A_NEW_ROLE_SECONDS = 120
SHOWN_TABLES = 20
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """The stack of an environment's replications, and the role that may stop and start them."""

    role: str
    region: str
    account: str
    stack: str
    change_set: str
    environment: str
    prefix: str
    """What the names of replications begin with; the name of the source follows."""
    memory: str
    """The path of the parameters that remember stops."""
    regions: str = ""
    """What code is told of the two Regions; empty where there is one."""

    @classmethod
    def read(cls) -> Place:
        """Read what the buildspec has written."""
        return cls(**json.loads(Path(PLACE).read_text(encoding="utf-8")))

    def source(self, replication: Replication) -> str:
        """The source of a replication."""
        return replication.identifier.removeprefix(self.prefix)

    def command(self, words: str, replication: Replication) -> str:
        """What a person runs."""
        where = f" --region {self.region}" if self.regions else ""
        return f"odp replication {words} --source {self.source(replication)} --env {self.environment}{where}"


class Step:
    """A step with the rights of the operator role."""

    def __init__(self, place: Place, aws: CommandLine) -> None:
        self._place, self._aws = place, aws
        self._dms, self._memory = Dms(aws, place.region, place.account), Memory(aws, place.memory)

    def stop(self) -> None:
        """Stop the replications that run and are about to be changed."""
        named = {"stack_name": self._place.stack, "change_set_name": self._place.change_set}
        changes = self._changes(named)
        if not changes:
            _say("Nothing of the replications changes: nothing is stopped.")
            return
        before = replications_in(self._template(stack_name=self._place.stack))
        after = replications_in(self._template(**named))
        changed = changed_by(changes, before)
        for id_, one in before.items():
            if one not in changed:
                _say(f"{self._place.source(one)}: does not change, and is not interrupted.")
            else:
                self._stop(one, after.get(id_))

    def _changes(self, named: Mapping[str, str]) -> list[Json]:
        """The changes that are prepared; a change set that would change nothing may be deleted already."""
        try:
            described = self._aws.call("cloudformation", "describe-change-set", **named)
        except UnreadableError as error:
            if "ChangeSetNotFound" in str(error):
                return []
            raise
        return [each["ResourceChange"] for each in described.get("Changes", ()) if "ResourceChange" in each]

    def _stop(self, before: Replication, after: Replication | None) -> None:
        source, status = self._place.source(before), self._dms.settled_status(before)
        tables = table_changes(before, after) if after else None
        if tables:
            self._say_changes(source, tables)
        if status in NEVER_STARTED:
            _say(f"{source}: was never started, so there is nothing to stop.")
            return
        known = self._memory.recall(source)
        needs_load = bool(tables and tables.needs_load_of_all)
        if known or status in AT_WORK:
            # also of one that is taken out: a deployment may fail, and the next one leave it in
            since = known or Stopped.now(before.transformations)
            self._memory.remember(source, replace(since, needs_load_of_all=since.needs_load_of_all or needs_load))
        elif needs_load:
            self._say_load(before)
        if status not in AT_WORK:
            who = "An earlier deployment stopped it" if known else "A person or a failure stopped it"
            _say(f"{source}: is {status}. {who}.")
            return
        _say(f"{source}: stops for the deployment. If that fails, the next run of this pipeline lets it go on,")
        _say(f"  or you: {self._place.command('start', before)}")
        _say(f"{source}: is {self._dms.stop(before)}.")

    def _say_changes(self, source: str, tables: TableChanges) -> None:
        for what, names in (("new tables", tables.added), ("no longer replicated", tables.removed)):
            if names:
                _say(f"{source}: {what}: {_shown(names)}")

    def resume(self) -> None:
        """Let the replications go on that a pipeline stopped, and say what DMS leaves to people.

        Raises:
            UnreadableError: one does not go on; the next run tries again.
        """
        refused = []
        for one in replications_in(self._template(stack_name=self._place.stack)).values():
            try:
                self._resume(one)
            except UnreadableError as error:
                ways = f"{self._place.command('start', one)}, or {self._place.command('reload --all', one)}"
                refused.append(f"{self._place.source(one)} does not go on: {error}\n  Mend the cause, then {ways}")
        if refused:
            raise UnreadableError("\n".join(refused))

    def _resume(self, replication: Replication) -> None:
        source, status = self._place.source(replication), self._dms.status(replication)
        if status in NEVER_STARTED:
            _say(f"{source}: was never started. Its first start loads every table; start it when the database can bear")
            _say(f"  that: {self._place.command('start', replication)}")
            if self._place.regions:
                _say("  Leave it so in the standby Region: two replications of one source would write the same files.")
            return
        known = self._memory.recall(source)
        if known is None:
            running = f"is {status}" if status in AT_WORK else f"is {status}, not by a pipeline, and is left so"
            _say(f"{source}: {running}.")
            return
        if self._place.regions and (active := active_region(self._aws, self._place.regions)) != self._place.region:
            _say(f"{source}: a pipeline stopped it at {known.since}. {active} is the active Region since: it stays so.")
            self._memory.forget(source)
            return
        if (status := self._dms.settled_status(replication)) in AT_REST:
            self._dms.resume(replication)
            _say(f"{source}: goes on where it stopped at {known.since}. Tables that it has not loaded are loaded now.")
        else:
            _say(f"{source}: is {status} already.")
        if known.needs_load_with(replication.transformations):
            self._say_load(replication)
        self._memory.forget(source)

    def _say_load(self, replication: Replication) -> None:
        source = self._place.source(replication)
        _say(f"{source}: DMS TAKES THE CHANGED TRANSFORMATIONS ONLY WITH A NEW LOAD OF ALL TABLES. Run:")
        _say(f"  {self._place.command('stop', replication)}")
        _say(f"  {self._place.command('reload --all', replication)}")

    def _template(self, **at: str) -> Json:
        found = self._aws.call("cloudformation", "get-template", template_stage="Processed", **at)["TemplateBody"]
        template: Json = json.loads(found) if isinstance(found, str) else found
        return template


def main(step: str) -> int:
    """Carry out a step; what it cannot do fails it."""
    place = Place.read()
    try:
        if step == "stop":
            _stop(place)
        else:
            Step(place, _operator(place, PATIENCE_WITH_A_NEW_ROLE_SECONDS)).resume()
    except UnreadableError as error:
        sys.stderr.write(f"NOT DONE: {error}\n")
        return 1
    return 0


def _stop(place: Place) -> None:
    try:
        aws = _operator(place)
    except UnreadableError as error:
        _say(f"The role {place.role} cannot be taken: {error}")
        _say("Before the first deployment of these replications, or of this step, that is so. Nothing is stopped.")
        _say(f"If the deployment fails because a replication runs: odp replication stop --env {place.environment}")
        return
    Step(place, aws).stop()


def _operator(place: Place, patience_seconds: float = 0) -> CommandLine:
    """The operator role; one that was made a moment ago is not known everywhere yet."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return CommandLine(place.role, place.region, session="replication-step")
        except UnreadableError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(5)


def _shown(names: Collection[str]) -> str:
    shown = ", ".join(list(names)[:SHOWN_TABLES])
    return shown if len(names) <= SHOWN_TABLES else f"{shown} and {len(names) - SHOWN_TABLES} more"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

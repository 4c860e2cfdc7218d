"""The approval action: nothing goes on before somebody answers it by PutApprovalResult."""

from rehearsal.pipeline.action_run import POLL_SECONDS, ActionRun, Variables
from rehearsal.pipeline.approvals import Approvals
from rehearsal.pipeline.errors import ActionFailedError

_SEVEN_DAYS = 7 * 24 * 3600


def wait_for_approval(run: ActionRun) -> Variables:
    """Ask, wait for the answer, and fail when it is a rejection."""
    run.record.summary = run.configuration.get("CustomData", "")
    with Approvals.asked() as request:
        run.record.token = request.token
        waited = 0.0
        while not request.answered.wait(POLL_SECONDS):
            run.go_on()
            waited += POLL_SECONDS
            if waited > _SEVEN_DAYS:
                raise ActionFailedError("nobody answered within seven days")
    said = f": {request.summary}" if request.summary else ""
    if request.status != "Approved":
        raise ActionFailedError(f"Rejected{said}")
    run.record.summary = f"Approved{said}"
    return {}

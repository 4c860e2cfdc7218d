"""A question is answered once, by whoever knows its token."""

from rehearsal.pipeline.records import Approvals


def test_an_answer_reaches_the_one_who_asked() -> None:
    with Approvals.asked() as request:
        assert not request.answered.is_set()
        assert Approvals.answer(request.token, status="Approved", summary="looks good")
        assert request.answered.is_set()
        assert (request.status, request.summary) == ("Approved", "looks good")


def test_a_second_answer_and_a_wrong_token_are_refused() -> None:
    with Approvals.asked() as request:
        assert not Approvals.answer("another", status="Approved", summary="")
        assert Approvals.answer(request.token, status="Rejected", summary="")
        assert not Approvals.answer(request.token, status="Approved", summary="")
        assert request.status == "Rejected"


def test_a_question_that_is_no_longer_asked_cannot_be_answered() -> None:
    with Approvals.asked() as request:
        pass
    assert not Approvals.answer(request.token, status="Approved", summary="")

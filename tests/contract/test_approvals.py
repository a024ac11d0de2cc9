"""Approvals on each kind of database: who waits, who decided, what the deadline decides."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from db.approvals import Approval, Approvals, Decision
from db.lineage import Lineage
from db.store import Artifact
from reelhouse.errors import LineageError

SHEET = "a" * 64
BOARD = Artifact("b" * 64, "application/yaml", 1)


@pytest.fixture
def approvals(engine: Engine) -> Approvals:
    return Approvals(engine)


def begin(lineage: Lineage, digest: str = "c" * 64) -> str:
    return lineage.begin_render(
        storyboard_digest=digest, title="Fox", source=BOARD, parameters={"owner": "host:1:1:aa"}
    )


def ask(
    approvals: Approvals, render_id: str, *, within_s=3600, default: Decision = "rejected", flow_run_id=None
) -> Approval:
    return approvals.ask(
        render_id, sheet_key=SHEET, within_s=within_s, default=default, flow_run_id=flow_run_id
    )


def test_a_render_that_asks_waits_until_it_is_decided_on(lineage: Lineage, approvals: Approvals):
    render_id = begin(lineage)

    asked = ask(approvals, render_id)

    assert lineage.render(render_id).status == "waiting"
    assert approvals.open() == [asked] or approvals.open()[0].render_id == render_id
    assert asked.decision is None
    assert 3500 < asked.left_s <= 3600
    assert approvals.standing(SHEET) is None


def test_a_decision_binds_every_render_of_the_same_takes(lineage: Lineage, approvals: Approvals):
    render_id = begin(lineage)
    ask(approvals, render_id)

    approvals.decide(render_id[:6], "approved", by="Anna", note="lovely")

    standing = approvals.standing(SHEET)
    assert standing is not None
    assert (standing.decision, standing.decided_by, standing.note) == ("approved", "Anna", "lovely")


def test_asked_again_a_render_keeps_its_deadline(lineage: Lineage, approvals: Approvals):
    render_id = begin(lineage)
    ask(approvals, render_id, within_s=60)

    assert ask(approvals, render_id, within_s=3600).left_s <= 60


def test_approved_takes_stay_approved(lineage: Lineage, approvals: Approvals):
    render_id = begin(lineage)
    ask(approvals, render_id)
    approvals.decide(render_id, "approved", by="Anna")

    for decision in ("rejected", "approved"):
        with pytest.raises(LineageError, match=r"already approved by Anna, .* cancel its run"):
            approvals.decide(render_id, decision, by="Ben")
    assert approvals.open()[0].decided_by == "Anna"


def test_rejected_takes_may_be_taken_after_all(lineage: Lineage, approvals: Approvals):
    render_id = begin(lineage)
    ask(approvals, render_id)
    approvals.decide(render_id, "rejected", by="Anna", note="too dark")

    with pytest.raises(LineageError, match=r'already rejected by Anna, .* UTC \("too dark"\)'):
        approvals.decide(render_id, "rejected", by="Ben")
    assert approvals.decide(render_id, "approved", by="Ben").decision == "approved"


def test_a_decision_says_when_it_was_made(lineage: Lineage, approvals: Approvals):
    render_id = begin(lineage)
    assert ask(approvals, render_id).answer == ""

    decided = approvals.decide(render_id, "approved", by="Anna").decided_at

    assert decided is not None
    assert abs(datetime.now(UTC) - decided) < timedelta(minutes=1)


def test_a_render_that_does_not_ask_cannot_be_decided_on(lineage: Lineage, approvals: Approvals):
    with pytest.raises(LineageError, match="does not ask for approval"):
        approvals.decide(begin(lineage), "approved", by="Anna")


def test_the_deadline_decides_only_what_nobody_decided_in_time(lineage: Lineage, approvals: Approvals):
    overdue, decided, early = begin(lineage), begin(lineage), begin(lineage)
    ask(approvals, overdue, within_s=0, default="approved")
    ask(approvals, decided, within_s=0, default="approved")
    ask(approvals, early, default="approved")
    approvals.decide(decided, "rejected", by="Anna")

    assert approvals.apply_deadlines() == 1

    found = {approval.render_id: (approval.decision, approval.decided_by) for approval in approvals.open()}
    assert found == {
        overdue: ("approved", "the deadline"),
        decided: ("rejected", "Anna"),
        early: (None, ""),
    }


def test_a_waiting_render_is_gone_on_with_once(lineage: Lineage, approvals: Approvals):
    render_id = begin(lineage)
    ask(approvals, render_id)

    assert approvals.take_up("c" * 64, None, "host:1:2:bb") == render_id
    assert approvals.take_up("c" * 64, None, "host:1:3:cc") is None
    row = lineage.render(render_id)
    assert (row.status, row.parameters["owner"]) == ("running", "host:1:2:bb")


def test_a_render_that_a_run_suspended_is_left_to_that_run(lineage: Lineage, approvals: Approvals):
    render_id = begin(lineage)
    ask(approvals, render_id, flow_run_id="run 1")

    assert approvals.take_up("c" * 64, "run 2", "host:1:2:bb") is None
    assert approvals.take_up("c" * 64, "run 1", "host:1:2:bb") == render_id


def test_a_render_of_another_film_is_not_gone_on_with(lineage: Lineage, approvals: Approvals):
    ask(approvals, begin(lineage))

    assert approvals.take_up("d" * 64, None, "host:1:2:bb") is None


def test_a_waiting_render_can_end_and_waits_no_more(lineage: Lineage, approvals: Approvals):
    render_id = begin(lineage)
    ask(approvals, render_id)

    lineage.finish_render(render_id, status="rejected", film=None, message="no")

    assert lineage.render(render_id).status == "rejected"
    assert approvals.open() == []

"""What the ledger promises, asked of SQLite and of a real PostgreSQL, by processes that die and sleep."""

import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, update

import db
from db.ledger import MAX_DEATHS, Answer, Claim, Held, Ledger, Made, Quarantined
from db.lineage import Lineage
from db.session import writing
from db.store import Artifact
from db.tables import claims
from reelhouse.errors import LeaseLost, LineageError
from reelhouse.identity import bytes_digest
from reelhouse.processes import Owner, this_process

from ..recorded import make_step

ROOT = Path(str(db.__file__)).parents[1]
KEY = "a" * 64
PROGRAM = "reelhouse test"

# What every child begins with: skewed clocks if asked for, then the ledger; it goes on when told to.
CHILD = """
import datetime, sys, time
database, skew_s = sys.argv[1], float(sys.argv[2])
if skew_s:
    real_time, real_datetime = time.time, datetime.datetime
    class Skewed(real_datetime):
        @classmethod
        def now(cls, tz=None):
            return real_datetime.now(tz) + datetime.timedelta(seconds=skew_s)
    time.time, datetime.datetime = lambda: real_time() + skew_s, Skewed
from db.ledger import Claim, Held, Ledger, Made
from db.lineage import Lineage
from db.session import open_database
from reelhouse.errors import LeaseLost
from reelhouse.processes import this_process
from tests.recorded import make_step
engine = open_database(database)
ledger, lineage, owner = Ledger(engine), Lineage(engine), str(this_process())
def claim(key, lease_s):
    return ledger.claim(key, owner=owner, program="reelhouse test", lease_s=lease_s)
def tell(*words):
    print(*words, flush=True)
def told():
    return sys.stdin.readline().strip()
tell("ready")
told()
"""

# Makes whatever of 40 steps it gets, in an order of its own, and names what it made.
MAKER = """
import random
todo = [make_step("take", parameters={"number": number}) for number in range(40)]
random.Random(owner).shuffle(todo)
while todo:
    step = todo.pop(0)
    match claim(step.key, 30):
        case Claim() as held:
            time.sleep(0.003)
            lineage.record(step, held)
            tell("made", step.key)
        case Held():
            todo.append(step)
            time.sleep(0.001)
        case Made():
            pass
"""

# Claims a step and, when told to, brings its result; one that sleeps meanwhile comes late.
CLAIMANT = """
step = make_step("take")
held = claim(step.key, float(sys.argv[3]))
tell(type(held).__name__, owner)
told()
try:
    lineage.record(step, held)
    tell("recorded")
except LeaseLost as error:
    tell("LeaseLost", error)
"""

ASKER = """
answer = claim(sys.argv[3], 30)
tell(type(answer).__name__, getattr(answer, "lease_left_s", ""))
told()
"""


@contextmanager
def child(script: str, url: str, *arguments: object, skew_s: float = 0) -> Iterator[subprocess.Popen[str]]:
    """A process at the same database, imported and ready; killed when the block ends."""
    command = [sys.executable, "-W", "error", "-c", CHILD + script, url, skew_s, *arguments]
    with subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            assert hear(process) == "ready"
            yield process
        finally:
            process.kill()


def hear(process: subprocess.Popen[str]) -> str:
    """The next line a child says."""
    assert process.stdout
    assert process.stderr
    line = process.stdout.readline().strip()
    assert line, process.stderr.read()
    return line


def tell(process: subprocess.Popen[str]) -> None:
    """Let a child go on."""
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    """A ledger without a claim, on each kind of database in turn."""
    return Ledger(engine)


def ask(ledger: Ledger, key: str = KEY, *, owner: str = "here:1:1:a", lease_s: float = 60) -> Answer:
    """Ask for a step."""
    return ledger.claim(key, owner=owner, program=PROGRAM, lease_s=lease_s)


def get(ledger: Ledger, key: str = KEY, *, owner: str = "here:1:1:a", lease_s: float = 60) -> Claim:
    """Ask for a step that nobody else has."""
    answer = ask(ledger, key, owner=owner, lease_s=lease_s)
    assert isinstance(answer, Claim), answer
    return answer


def end_lease(ledger: Ledger, key: str = KEY) -> None:
    """Let the time of a claim pass."""
    with writing(ledger.engine) as connection:
        connection.execute(update(claims).where(claims.c.step_key == key).values(lease_ends_at=1.0))


def test_four_processes_make_each_step_once(database_url: str, lineage: Lineage, ledger: Ledger):
    with ExitStack() as stack:
        makers = [stack.enter_context(child(MAKER, database_url)) for _ in range(4)]
        for maker in makers:
            tell(maker)
        said = [maker.communicate(timeout=120) for maker in makers]

    assert [maker.returncode for maker in makers] == [0] * 4, [err for _, err in said]
    made = Counter(line.split()[1] for out, _ in said for line in out.splitlines())
    wanted = {make_step("take", parameters={"number": number}).key for number in range(40)}
    assert made == dict.fromkeys(wanted, 1)
    assert lineage.steps(wanted).keys() == wanted
    assert ledger.waiting(wanted) == {}


def test_a_killed_process_is_taken_over_after_its_lease_and_not_before(
    database_url: str, ledger: Ledger, lineage: Lineage
):
    step = make_step("take")
    with child(CLAIMANT, database_url, 5) as process:
        tell(process)
        owner = hear(process).split()[1]
        process.send_signal(signal.SIGKILL)
        process.wait()
        asked_at = time.monotonic()
        first = ask(ledger, step.key)
        while isinstance(answer := ask(ledger, step.key), Held) and time.monotonic() < asked_at + 60:
            time.sleep(0.05)
        waited_s = time.monotonic() - asked_at

    assert isinstance(first, Held)
    assert first.owner == owner
    assert 0 < first.lease_left_s <= 5
    assert isinstance(answer, Claim)
    assert answer.attempt == first.attempt + 1
    assert waited_s > first.lease_left_s - 0.1  # the lease runs by the database's clock
    with pytest.raises(LeaseLost, match="taken over"):
        lineage.record(step, Claim(step.key, first.attempt, owner, 5))
    assert lineage.record(step, answer) == step


def test_a_process_that_slept_past_its_lease_is_refused(database_url: str, ledger: Ledger, lineage: Lineage):
    step = make_step("take")
    with child(CLAIMANT, database_url, 0.5) as process:
        tell(process)
        assert hear(process).startswith("Claim")
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.6)
        ours = get(ledger, step.key)
        process.send_signal(signal.SIGCONT)
        tell(process)
        assert hear(process).startswith("LeaseLost")

    assert lineage.steps([step.key]) == {}
    assert lineage.record(step, ours) == step


def test_a_late_result_is_welcome_while_nobody_took_over(ledger: Ledger, lineage: Lineage):
    step = make_step("take")
    claim = get(ledger, step.key)
    end_lease(ledger, step.key)

    assert lineage.record(step, claim) == step
    assert isinstance(ask(ledger, step.key), Made)


@pytest.mark.parametrize("skew_s", [3600, -3600])
def test_a_clock_that_is_an_hour_wrong_changes_nothing(database_url: str, ledger: Ledger, skew_s: int):
    other = "b" * 64
    get(ledger, lease_s=30)
    with (
        child(ASKER, database_url, KEY, skew_s=skew_s) as rival,
        child(ASKER, database_url, other, skew_s=skew_s) as holder,
    ):
        tell(rival)
        tell(holder)
        kind, left_s = hear(rival).split()
        assert kind == "Held"
        assert 0 < float(left_s) <= 30
        assert hear(holder) == "Claim"
        assert 0 < ledger.waiting([other])[other].lease_left_s <= 30
        assert ledger.expired() == []
        assert isinstance(ask(ledger, other), Held)


def test_three_processes_that_die_put_a_step_in_quarantine(database_url: str, ledger: Ledger):
    key, owner = make_step("take").key, ""
    for death in range(MAX_DEATHS):
        with child(CLAIMANT, database_url, 60) as process:
            tell(process)
            assert hear(process).startswith("Claim")
            owner = ledger.waiting([key])[key].owner
            assert ledger.reconcile(lambda owner: not Owner.parse(owner).is_dead) == []
            process.send_signal(signal.SIGKILL)
            process.wait()
            ended = ledger.reconcile(lambda owner: not Owner.parse(owner).is_dead)
            assert [one.attempt for one in ended] == [death + 1]

    found = ask(ledger, key)

    assert found == Quarantined(key, MAX_DEATHS, f"{owner} died")
    ledger.forgive(key)
    assert get(ledger, key).attempt == MAX_DEATHS + 1


def test_leases_that_end_count_as_deaths(ledger: Ledger):
    for attempt in range(1, MAX_DEATHS + 1):
        assert get(ledger, owner=f"there:1:{attempt}:a").attempt == attempt
        end_lease(ledger)

    assert ask(ledger) == Quarantined(KEY, MAX_DEATHS, f"there:1:{MAX_DEATHS}:a was not heard of any more")
    ledger.forgive(KEY)
    assert isinstance(ask(ledger), Claim)


def test_a_step_is_forgiven_by_the_beginning_of_its_key(ledger: Ledger):
    for key in (KEY, "ab" * 32):
        get(ledger, key)
        end_lease(ledger, key)

    assert ledger.forgive("aaa") == 1
    assert ledger.forgive("aaa") == 0
    assert ledger.forgive("a") == 1


def test_errors_are_no_deaths(ledger: Ledger):
    for _ in range(2 * MAX_DEATHS):
        ledger.release(get(ledger), "MediaError: no sound")

    assert get(ledger).attempt == 2 * MAX_DEATHS + 1


def test_a_forgiven_step_stays_with_whoever_is_at_it(ledger: Ledger):
    claim = get(ledger)
    ledger.forgive(KEY)

    assert isinstance(ask(ledger), Held)
    assert ledger.heartbeat(claim, progress=0.5, phase="sampling") is False


def test_a_heartbeat_is_seen_by_all(ledger: Ledger):
    claim = get(ledger, lease_s=60)
    ledger.heartbeat(claim, progress=1.5, phase="frames \0")

    seen = ledger.waiting([KEY, "c" * 64])[KEY]

    assert (seen.progress, seen.phase, seen.program) == (1.0, "frames \N{REPLACEMENT CHARACTER}", PROGRAM)
    assert (seen.owner, seen.attempt) == (claim.owner, 1)
    assert 30 < seen.lease_left_s <= 60
    assert 0 <= seen.silent_s < 30


def test_an_ended_lease_is_listed_until_it_is_renewed(ledger: Ledger):
    claim = get(ledger)
    end_lease(ledger)
    assert [one.step_key for one in ledger.expired()] == [KEY]

    ledger.heartbeat(claim, progress=0, phase="")

    assert ledger.expired() == []


def test_a_claimant_hears_that_it_shall_stop(ledger: Ledger):
    claim = get(ledger)
    assert ledger.request_cancel([KEY, "c" * 64]) == 1

    assert ledger.heartbeat(claim, progress=0.1, phase="") is True

    ledger.release(claim)
    assert ledger.request_cancel([KEY]) == 0
    assert ledger.heartbeat(get(ledger), progress=0, phase="") is False


def test_one_who_lost_a_step_cannot_give_it_back_or_keep_it(ledger: Ledger):
    lost = get(ledger)
    end_lease(ledger)
    get(ledger, owner="there:1:2:b")

    ledger.release(lost, "too late")
    with pytest.raises(LeaseLost):
        ledger.heartbeat(lost, progress=0.9, phase="")

    assert ledger.waiting([KEY])[KEY].owner == "there:1:2:b"


def test_a_process_is_fenced_off_from_its_own_earlier_attempt(ledger: Ledger, lineage: Lineage):
    step = make_step("take")
    earlier = get(ledger, step.key)
    end_lease(ledger, step.key)
    later = get(ledger, step.key)
    assert later.owner == earlier.owner

    with pytest.raises(LeaseLost):
        ledger.heartbeat(earlier, progress=0.9, phase="")
    with pytest.raises(LeaseLost):
        lineage.record(step, earlier)
    assert lineage.record(step, later) == step


def test_a_recorded_step_is_claimed_only_to_make_it_again(ledger: Ledger, lineage: Lineage):
    step = make_step("take")
    lineage.record(step, get(ledger, step.key))

    assert ask(ledger, step.key) == Made(step)
    assert ledger.waiting([step.key]) == {}
    again = ledger.claim(step.key, owner="here:1:1:a", program=PROGRAM, lease_s=60, again=True)
    assert isinstance(again, Claim)
    assert lineage.record(step, again) == step
    assert ask(ledger, step.key) == Made(step)


def test_a_refused_record_leaves_the_claim(ledger: Ledger, lineage: Lineage):
    unknown = Artifact(bytes_digest(b"unknown"), "text/plain", 7)
    step = make_step("take", inputs={"subject": unknown})
    claim = get(ledger, step.key)

    with pytest.raises(LineageError, match="not recorded"):
        lineage.record(step, claim)
    assert ledger.heartbeat(claim, progress=0, phase="") is False


def test_a_living_process_is_not_reconciled(ledger: Ledger):
    get(ledger, owner=str(this_process()))

    assert ledger.reconcile(lambda owner: not Owner.parse(owner).is_dead) == []


class LedgerMachine(RuleBasedStateMachine):
    """One step, two processes and the passing of time, against a model of who may do what."""

    def __init__(self, ledger: Ledger, lineage: Lineage) -> None:
        super().__init__()
        self.ledger, self.lineage = ledger, lineage
        self.step = make_step("take", parameters={"salt": secrets.token_hex(8)})
        self.handed_out: list[Claim] = []
        self.holder: Claim | None = None
        self.over = self.made = False
        self.deaths = 0

    @rule(owner=st.sampled_from(["here:1:1:a", "there:1:2:b"]))
    def claim(self, owner: str) -> None:
        answer = ask(self.ledger, self.step.key, owner=owner, lease_s=3600)
        deaths = self.deaths + (self.holder is not None and self.over)
        if self.made:
            assert answer == Made(self.step)
        elif self.holder and not self.over:
            assert isinstance(answer, Held)
            assert answer.attempt == self.holder.attempt
        elif deaths >= MAX_DEATHS:
            assert isinstance(answer, Quarantined)
            assert answer.deaths == deaths
        else:
            assert isinstance(answer, Claim)
            assert answer.attempt == len(self.handed_out) + 1
            self.handed_out.append(answer)
            self.holder, self.over, self.deaths = answer, False, deaths

    @rule()
    def time_passes(self) -> None:
        end_lease(self.ledger, self.step.key)
        self.over = self.holder is not None

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data())
    def somebody_is_heard_of(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.handed_out))
        if claim == self.holder:
            assert self.ledger.heartbeat(claim, progress=0.5, phase="") is False
            self.over = False
        else:
            with pytest.raises(LeaseLost):
                self.ledger.heartbeat(claim, progress=0.5, phase="")

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data())
    def somebody_brings_a_result(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.handed_out))
        if claim == self.holder:
            assert self.lineage.record(self.step, claim) == self.step
            self.holder, self.over, self.made = None, False, True
        else:
            with pytest.raises(LeaseLost):
                self.lineage.record(self.step, claim)

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data(), error=st.sampled_from(["", "EngineError: black frames"]))
    def somebody_gives_up(self, data: st.DataObject, error: str) -> None:
        claim = data.draw(st.sampled_from(self.handed_out))
        self.ledger.release(claim, error)
        if claim == self.holder:
            self.holder, self.over = None, False

    @rule()
    def the_dead_are_counted(self) -> None:
        mine = {self.step.key}
        ended = self.ledger.reconcile(lambda owner: not owner.startswith("here"))
        if self.holder and self.holder.owner.startswith("here"):
            assert mine <= {one.step_key for one in ended}
            self.holder, self.over, self.deaths = None, False, self.deaths + 1

    @rule()
    def it_is_forgiven(self) -> None:
        self.ledger.forgive(self.step.key)
        self.deaths = 0
        if self.over:
            self.holder, self.over = None, False

    @invariant()
    def the_ledger_names_the_holder(self) -> None:
        held = self.ledger.waiting([self.step.key]).get(self.step.key)
        assert (held.attempt if held else None) == (self.holder.attempt if self.holder else None)
        assert (self.lineage.steps([self.step.key]) != {}) == self.made


def test_no_order_of_events_gives_a_step_to_two(ledger: Ledger, lineage: Lineage):
    run_state_machine_as_test(
        lambda: LedgerMachine(ledger, lineage),  # pyright: ignore[reportArgumentType] any factory will do
        settings=settings(
            max_examples=25,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )

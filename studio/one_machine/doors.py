"""`reelhouse up`, `down`, `status` and `env`: a studio on one machine, from the command line."""

import logging
import os
import shlex
import signal
import subprocess
import sys
import time

from rich.table import Table

from reelhouse.errors import InputError, ServiceUnavailable
from reelhouse.settings import Settings
from studio.console import err, out, print_json, seconds
from studio.one_machine import process
from studio.one_machine.child import Patience
from studio.one_machine.lineup import Studio
from studio.one_machine.premises import Premises
from studio.one_machine.record import Record, read_record
from studio.one_machine.supervisor import end_left_over, run_studio

READY_S = 180
DOWN_S = 60
LOG = "studio"


def up(*, detach: bool, check: bool) -> None:
    """Start the studio; stay with it, or leave it to itself, or try it and end it again."""
    settings = Settings()
    premises = Premises(settings.home)
    if check:
        _check(premises, keep=detach)
    elif detach:
        premises.prepare()
        _show_ready(premises, _start_apart(premises))
    else:
        _say_what_happens()
        run_studio(premises, Patience(), engine_workers=settings.engine_workers)


def down(*, as_json: bool) -> None:
    """End the studio, or what a killed supervisor left of it."""
    premises = Premises(Settings().home)
    ended = _end(premises)
    if as_json:
        print_json({"ended": ended})
    else:
        out().print({True: "the studio is down", False: "no studio was up"}[ended])


def status(*, as_json: bool) -> None:
    """Show each service of the studio; exit code 3 when it is not ready."""
    premises = Premises(Settings().home)
    record = _found(premises)
    if as_json:
        print_json(_as_json(record))
    else:
        _print_status(premises, record)
    if record.phase != "ready":
        sys.exit(ServiceUnavailable.exit_code)


def env() -> None:
    """Print what leads other commands to the running studio, as a shell reads it."""
    studio = running_studio(Premises(Settings().home))
    for name, value in (studio.settings | studio.settings_for_backups).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def running_studio(premises: Premises) -> Studio:
    """The studio that is up.

    Raises:
        ServiceUnavailable: none is.
    """
    record = _found(premises)
    if record.phase != "ready":
        raise ServiceUnavailable(
            f"the studio in {premises.home} is {record.phase}: `reelhouse up` starts it, `reelhouse status` "
            "shows how far it is"
        )
    return Studio(premises, premises.passwords(), record.ports, Settings().engine_workers)


def _found(premises: Premises) -> Record:
    """What the supervisor last wrote, if there is one that lives."""
    record = read_record(premises.record_file)
    return record if premises.owner() == record.pid else Record(ports=record.ports)


def _check(premises: Premises, *, keep: bool) -> None:
    from studio.one_machine.check import render_a_draft  # imports Prefect, after its environment is set

    started = premises.owner() is None
    if started:
        premises.prepare()
        _show_ready(premises, _start_apart(premises))
    try:
        out().print(render_a_draft(running_studio(premises)))
    finally:
        if started and not keep:
            _end(premises)


def _start_apart(premises: Premises) -> Record:
    """Start a supervisor that outlives this command, and wait until the studio is ready."""
    log = premises.log(LOG)
    process.rotate(log)
    with log.open("ab") as words:
        begun = log.stat().st_size
        started = subprocess.Popen(
            [sys.executable, "-m", "studio.cli", "up"],
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            env={**os.environ, "REELHOUSE_HOME": str(premises.home)},
            start_new_session=True,
        )
    try:
        return _wait_until_ready(premises, started, begun)
    except BaseException:  # also Ctrl-C: nothing is left half started
        started.terminate()
        started.wait(DOWN_S)
        raise


def _wait_until_ready(premises: Premises, started: "subprocess.Popen[bytes]", begun: int) -> Record:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if (code := started.poll()) is not None:
            with premises.log(LOG).open(errors="replace") as log:
                log.seek(begun)
                said = log.read().strip().splitlines()
            kind = InputError if code == InputError.exit_code else ServiceUnavailable
            raise kind(said[-1].removeprefix("reelhouse: ") if said else f"it ended with exit code {code}")
        record = read_record(premises.record_file)
        if record.phase == "ready" and record.pid == started.pid:
            return record
        time.sleep(0.1)
    raise ServiceUnavailable(f"the studio was not ready within {READY_S} s; see {premises.log(LOG)}")


def _end(premises: Premises) -> bool:
    """Whether there was anything to end."""
    if not premises.folder.exists():
        return False
    pid = premises.owner()
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + DOWN_S
        while premises.owner() == pid:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline += DOWN_S
            time.sleep(0.05)
    with premises.owned():
        left = end_left_over(premises, read_record(premises.record_file))
    return pid is not None or left > 0


def _say_what_happens() -> None:
    """The supervisor's own words go to standard error, each with its time."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("studio").setLevel(logging.INFO)


def _show_ready(premises: Premises, record: Record) -> None:
    for notice in record.notices:
        err().print(f"[yellow]look at this:[/] {notice}")
    out().print(f"the studio is up after {seconds(record.ready_s or 0)}, in {premises.home}")
    rows = Table.grid(padding=(0, 2))
    for service in record.services:
        if service.address:
            rows.add_row(f"  {service.name}", service.address)
    out().print(rows)
    out().print('eval "$(reelhouse env)" leads other commands to it; reelhouse down ends it')


def _print_status(premises: Premises, record: Record) -> None:
    what = ": `reelhouse up` starts it" if record.phase == "down" else ""
    out().print(f"the studio in {premises.home} is {record.phase}{what}")
    if not record.services:
        return
    rows = Table("service", "is", "process", "for", "starts again", "address", box=None, pad_edge=False)
    for service in record.services:
        uptime = "" if service.uptime_s is None else seconds(service.uptime_s)
        pid = str(service.pid or "")
        rows.add_row(service.name, service.phase, pid, uptime, str(service.restarts), service.address)
    out().print(rows)
    for service in record.services:
        if service.problem:
            out().print(f"[yellow]{service.name}:[/] {service.problem}")


def _as_json(record: Record) -> dict[str, object]:
    services = [
        {
            "name": service.name,
            "phase": service.phase,
            "pid": service.pid,
            "address": service.address,
            "uptime_s": None if service.uptime_s is None else round(service.uptime_s, 1),
            "restarts": service.restarts,
            "problem": service.problem,
        }
        for service in record.services
    ]
    return {"phase": record.phase, "pid": record.pid, "ready_s": record.ready_s, "services": services}

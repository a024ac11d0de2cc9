"""The figures of the house, by every database: what waits, what was made, who fell silent."""

from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine, insert, text

from db.claims import database_time
from db.figures import Waiting, count_house
from db.ledger import MAX_DEATHS, Claim, Ledger
from db.lineage import Lineage
from db.session import open_database, writing
from db.store import open_store
from db.tables import wants, workers
from tasks import house_metrics
from tasks.house_metrics import HouseMetrics

from ..recorded import record_film

KEYS = [digit * 64 for digit in "123456"]


def want(
    engine: Engine, key: str, render: str, *, age_s: float = 0, left_s: float = 60, state: str = "wanted"
):
    row = {
        "step_key": key,
        "render_id": render,
        "step": "{}",
        "engine": "phantom-1.3b",
        "code_version": "1",
        "weights_id": "",
        "gpu_bytes": 0,
        "priority": 50,
        "place": 0,
        "wanted_at": database_time() - age_s,
        "wanted_until": database_time() + left_s,
        "state": state,
        "error_kind": "",
        "error": "",
    }
    with writing(engine) as connection:
        connection.execute(insert(wants).values(row))


def worker(engine: Engine, owner: str, *, state: str, silent_s: float = 0):
    row = {
        "owner": owner,
        "name": owner,
        "program": "reelhouse 1",
        "offers": ["testcard"],
        "gpu": "",
        "gpu_bytes": None,
        "state": state,
        "step_key": None,
        "label": "",
        "takes_made": 0,
        "started_at": database_time(),
        "seen_at": database_time() - silent_s,
    }
    with writing(engine) as connection:
        connection.execute(insert(workers).values(row))


def claim(ledger: Ledger, key: str, lease_s: float = 60) -> Claim:
    answer = ledger.claim(key, owner="host:1:2:aaaa", program="reelhouse 1", lease_s=lease_s)
    assert isinstance(answer, Claim)
    return answer


def samples(engine: Engine) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(HouseMetrics(engine))
    found = {}
    for family in registry.collect():
        for sample in family.samples:
            found[sample.name + "".join(f" {value}" for value in sample.labels.values())] = sample.value
    return found


def test_an_empty_house_has_figures_too(engine: Engine):
    found = samples(engine)
    assert found["reelhouse_database_up"] == 1
    assert found["reelhouse_leases held"] == 0
    assert count_house(engine).renders == {}


def test_a_take_counts_once_however_many_want_it_and_lapsed_wants_not_at_all(engine: Engine):
    want(engine, KEYS[0], "a", age_s=30)
    want(engine, KEYS[0], "b", age_s=20)
    want(engine, KEYS[1], "a", age_s=90)
    want(engine, KEYS[2], "c", age_s=900, left_s=-1)
    want(engine, KEYS[3], "c", age_s=900, state="made")
    claim(Ledger(engine), KEYS[1])
    [(name, found)] = count_house(engine).wanted.items()
    assert name == "phantom-1.3b"
    assert replace(found, oldest_s=0) == Waiting(waiting=1, at_work=1, oldest_s=0)
    assert found.oldest_s == pytest.approx(30, abs=5)
    assert samples(engine)["reelhouse_wants phantom-1.3b waiting"] == 1


def test_claims_are_held_or_ended_or_in_quarantine(engine: Engine):
    ledger = Ledger(engine)
    for _ in range(MAX_DEATHS):
        claim(ledger, KEYS[2])
        ledger.reconcile(lambda owner: False)
    claim(ledger, KEYS[0])
    claim(ledger, KEYS[1], lease_s=0.0)
    assert count_house(engine).leases == {"held": 1, "ended": 1, "quarantined": 1}


def test_what_failed_last_is_counted_by_its_class(engine: Engine):
    ledger = Ledger(engine)
    ledger.release(claim(ledger, KEYS[0]), "EngineError: no weights for host:1")
    ledger.release(claim(ledger, KEYS[1]), "TenantError: somebody else's")
    ledger.release(claim(ledger, KEYS[2]))
    claim(ledger, KEYS[3])
    assert count_house(engine).errors == {"EngineError": 1, "TenantError": 1}
    found = samples(engine)
    assert found["reelhouse_failing_steps EngineError"] == 1
    assert found["reelhouse_failing_steps other"] == 1
    assert not any("Tenant" in name for name in found)


def test_a_worker_that_is_not_heard_of_is_silent(engine: Engine):
    worker(engine, "one", state="working")
    worker(engine, "two", state="idle", silent_s=300)
    assert count_house(engine).workers == {"working": 1, "silent": 1}


def test_renders_and_recorded_steps_are_counted(lineage: Lineage, tmp_path):
    store = open_store(str(tmp_path / "store"), cache=tmp_path / "cache")
    film = record_film(lineage, store)
    lineage.use(film.render_id, [(film.chosen.key, "the same, found", True)])
    found = samples(lineage.engine)
    assert found["reelhouse_renders done"] == 1
    assert found["reelhouse_recorded_steps_total take"] == 2
    assert found["reelhouse_recorded_step_seconds_total take"] == pytest.approx(3.0)
    assert found["reelhouse_cache_hits_total take"] == 1


def test_the_database_is_asked_once_however_often_the_page_is(engine: Engine, monkeypatch):
    asked = []

    def counted(engine: Engine):
        asked.append(engine)
        return count_house(engine)

    monkeypatch.setattr(house_metrics, "count_house", counted)
    metrics = HouseMetrics(engine)
    for _ in range(3):
        assert list(metrics.collect())
    assert len(asked) == 1


def test_a_database_that_is_away_is_said_and_the_other_metrics_go_on(tmp_path):
    engine = open_database(f"sqlite:///{tmp_path / 'lineage.db'}")
    with writing(engine) as connection:
        connection.execute(text("DROP TABLE wants"))
    assert samples(engine) == {"reelhouse_database_up": 0}
    engine.dispose()

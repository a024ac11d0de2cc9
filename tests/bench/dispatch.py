"""Dispatch: what sending a take to an engine worker costs over the engine's own time.

One real worker process and one render that waits, with an engine that costs next to nothing, on SQLite and on
a real PostgreSQL. First one take after another: the time from wanting it to having its record, without the
seconds that the record says it took to make. Then all takes at once. Prints a table and one JSON line.

    python tests/bench/dispatch.py [--scenes 200] [--one-by-one 40]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from pydantic import SecretStr

from db.records import StepRecord
from db.workers import Workers
from reelhouse.settings import Settings
from tasks.sending import made_by_worker
from tasks.workbench import Workbench
from tests.servers import postgres_server
from tests.services.test_engine_workers import a_take


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--one-by-one", type=int, default=40)
    options = parser.parse_args()
    figures: dict[str, object] = {"bench": "dispatch", "scenes": options.scenes, "load": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server:
        server.execute("CREATE DATABASE films")
        urls = {"sqlite": f"sqlite:///{folder}/lineage.db", "postgresql": server.url("films")}
        for name, url in urls.items():
            found = measure(Path(folder) / name, url, options.one_by_one, options.scenes)
            figures[name] = found
            print(f"{name:<11}" + "  ".join(f"{what} {value:g}" for what, value in found.items()))
    print(json.dumps(figures))


def measure(home: Path, url: str, one_by_one: int, at_once: int) -> dict[str, float]:
    """Send takes to a worker of a new house; milliseconds of latency, takes a second."""
    bench = Workbench(Settings(home=home, database_url=SecretStr(url), engines="workers"))
    with worker(bench, url):
        made_by_worker(bench, a_take(bench, "warm"))
        over_ms = [1000 * over(bench, f"one {number}") for number in range(one_by_one)]
        takes = [a_take(bench, f"many {number}") for number in range(at_once)]
        began = time.perf_counter()
        with ThreadPoolExecutor(64) as pool:  # as many as wait in a render
            records: list[StepRecord] = list(pool.map(lambda take: made_by_worker(bench, take), takes))
        wall_s = time.perf_counter() - began
    bench.lineage.engine.dispose()
    return {
        "median_ms": round(statistics.median(over_ms), 1),
        "p95_ms": round(statistics.quantiles(over_ms, n=20)[-1], 1),
        "takes_per_s": round(at_once / wall_s, 1),
        "ms_per_take_over_engine": round(1000 * (wall_s - sum(r.seconds for r in records)) / at_once, 1),
    }


def over(bench: Workbench, label: str) -> float:
    """Seconds from wanting a take to its record, beyond those it took to make."""
    take = a_take(bench, label)
    began = time.perf_counter()
    record = made_by_worker(bench, take)
    return time.perf_counter() - began - record.seconds


@contextmanager
def worker(bench: Workbench, url: str) -> Iterator[None]:
    """A worker process at the bench's house, ready."""
    environment = {
        **os.environ,
        "REELHOUSE_HOME": str(bench.settings.home),
        "REELHOUSE_DATABASE_URL": url,
        "REELHOUSE_LOG_LEVEL": "ERROR",
    }
    bench.settings.home.mkdir()
    seen = Workers(bench.lineage.engine).seen
    command = [sys.executable, "-m", "studio.cli", "worker", "--offers", "testcard"]
    with subprocess.Popen(command, env=environment) as process:
        while not seen():
            time.sleep(0.1)
        try:
            yield
        finally:
            process.terminate()


if __name__ == "__main__":
    main()

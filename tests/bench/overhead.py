"""Overhead of the house: what a film costs beyond the engine's own time.

Renders films of test cards (an engine that costs nothing) with 10, 100 and 1,000 scenes through the whole
flow, again with nothing to make, and with one scene of twenty changed. Prints a table and one JSON line.

    python tests/bench/overhead.py [--scenes 10 100 1000]
"""

import argparse
import json
import math
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from studio.prefect_environment import prepare_prefect

HEAD = "title: Overhead\nengine: testcard\nvideo: {size: 64x64}\nscenes:\n"


def board(count: int, changed: str = "", *, cost: bool = False) -> str:
    """A storyboard of `count` scenes of 5 frames; `changed` is added to one prompt.

    With `cost`, the engine takes a second a scene, and scenes are made one after another as on one GPU.
    """
    scenes = [
        f"  - {{id: s{n}, prompt: scene {n}{changed * (n == 7)}, duration: 0.3s}}" for n in range(count)
    ]
    return HEAD + "\n".join(scenes) + "\n" + "parameters: {seconds_per_frame: 0.2}\n" * cost


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, nargs="+", default=[10, 100, 1000])
    counts = parser.parse_args().scenes
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare_prefect(folder, os.environ)
        from flows.in_process import events_sent
        from flows.local_server import LocalServer

        with LocalServer(folder / "server.log") as server, events_sent():
            os.environ["PREFECT_API_URL"] = server.url()
            figures = measure(folder, counts)
    show(figures)


def measure(folder: Path, counts: list[int]) -> dict[str, object]:
    """Render everything; times are in seconds."""
    from studio.film_folder import slug

    films: dict[int, dict[str, float]] = {}
    render(folder / "warm", board(2))  # imports, first connections
    for count in counts:
        first = render(folder / slug(str(count)), board(count))
        again = render(folder / slug(str(count)), board(count))
        films[count] = {**first, "no_op_s": again["wall_s"]}
    whole = render(folder / "twenty", board(20, cost=True))
    one = render(folder / "twenty", board(20, changed=" again", cost=True))
    assert one["engine_calls"] == 1, one
    xs, ys = ([math.log(n) for n in counts], [math.log(films[n]["wall_s"]) for n in counts])
    return {
        "films": films,
        "slope": round(fit(xs, ys), 3) if len(counts) > 1 else None,
        "one_of_twenty": round(one["wall_s"] / whole["wall_s"], 3),
        "one_of_twenty_steps": one["steps"],
    }


def render(home: Path, text: str) -> dict[str, float]:
    """One render in this process: its wall time, and the time its stages took themselves."""
    from flows.render import render_storyboard
    from reelhouse.settings import Settings
    from reelhouse.storyboard_reader import read_storyboard
    from tasks.renders import look_up, rendering
    from tasks.workbench import Workbench, at_workbench

    home.mkdir(exist_ok=True)
    file = home / "board.yaml"
    file.write_text(text, encoding="utf-8")
    started = time.perf_counter()
    bench = Workbench(Settings(home=home / "home", scenes_at_once=1 if "parameters" in text else 2))
    bench.boards[str(file)] = board = read_storyboard(file)
    plan = bench.plan(board)
    planned = time.perf_counter() - started
    with at_workbench(bench):
        if look_up(bench, plan).outstanding:
            render_id = render_storyboard(str(file))
        else:
            with rendering(bench, plan) as nothing:
                render_id = nothing.id
    wall = time.perf_counter() - started
    steps = [step for step in bench.lineage.render_steps(render_id) if not step.reused]
    stages: dict[str, float] = defaultdict(float)
    for step in steps:
        stages[step.stage] += step.seconds
    records = bench.lineage.steps([step.step_key for step in steps])
    calls = sum(record.engine_calls for record in records.values())
    return {"wall_s": wall, "plan_s": planned, "steps": len(steps), "engine_calls": calls, **stages}


def fit(xs: list[float], ys: list[float]) -> float:
    """The slope of the least-squares line."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True)) / sum(
        (x - mean_x) ** 2 for x in xs
    )


def show(figures: dict) -> None:
    """Print the table and the JSON line. A scene's overhead is wall time without the time of its stages."""
    print(
        f"{'scenes':>7} {'wall s':>8} {'ms/scene':>9} {'plan ms':>8} {'no-op s':>8}   stage seconds, summed"
    )
    for count, film in figures["films"].items():
        stages = {name: film[name] for name in ("prompt", "take", "piece", "film", "stills")}
        film["ms_per_scene"] = 1000 * film["wall_s"] / count
        print(
            f"{count:>7} {film['wall_s']:>8.2f} {film['ms_per_scene']:>9.1f} {1000 * film['plan_s']:>8.1f} "
            f"{film['no_op_s']:>8.3f}   " + "  ".join(f"{name} {value:.2f}" for name, value in stages.items())
        )
    print(f"log-log slope of wall time {figures['slope']}")
    print(f"one scene of twenty changed: {figures['one_of_twenty']} of the whole film's time")
    rounded = {count: {k: round(v, 4) for k, v in film.items()} for count, film in figures["films"].items()}
    print(json.dumps({"bench": "overhead", **figures, "films": rounded}))


if __name__ == "__main__":
    main()

"""The dashboard and the alerts: they name metrics, labels and states that the code exports."""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from db.figures import Figures, Waiting
from reelhouse.errors import EngineError
from tasks import house_metrics, metrics
from tasks.gpus import Gpu
from tasks.house_metrics import HouseMetrics
from tasks.metrics import GpuMemory, StepMetrics
from tasks.openlineage_outlets import Tally
from tasks.progress import StepClaimed, StepFailed, StepProgressed

from .test_observability import finished, take

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "infra/observability"
PAGE = (ROOT / "docs/observability.md").read_text(encoding="utf-8")
RULES = yaml.safe_load((FOLDER / "alerts.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
PANELS = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
}
EXPRESSIONS = {rule["alert"]: rule["expr"] for rule in RULES} | PANELS
FIGURES = Figures(
    renders={"done": 1},
    made={"take": 1},
    seconds={"take": 1.0},
    hits={"take": 1},
    wanted={"phantom-1.3b": Waiting(1, 1, 5.0)},
    leases={"held": 1, "ended": 0, "quarantined": 0},
    errors={"EngineError": 1},
    workers={"idle": 1, "working": 1, "draining": 0, "silent": 0},
)


@pytest.fixture
def exported(engine, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, set[str]]]:
    """Every series that a service exports, by name: its labels, and the values that each has had."""
    monkeypatch.setattr(metrics, "find_gpu", lambda: Gpu("a card", 80, 30, 20))
    monkeypatch.setattr(house_metrics, "count_house", lambda engine: FIGURES)
    registry = CollectorRegistry()
    count = StepMetrics(registry)
    for event in (
        StepClaimed(take(), 1),
        StepProgressed(take(), 0.5),
        finished(take()),
        StepFailed(take(), EngineError("no"), 1),
    ):
        count(event)
    for collector in (GpuMemory(), HouseMetrics(engine), Tally()):
        registry.register(collector)
    found: dict[str, dict[str, set[str]]] = {}
    for family in registry.collect():
        for sample in family.samples:
            labels = found.setdefault(sample.name, defaultdict(set))
            for name, value in sample.labels.items():
                labels[name].add(value)
    return found


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """One kind of database is enough here."""
    return f"sqlite:///{tmp_path / 'lineage.db'}"


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_every_metric_label_and_value_that_is_asked_for_exists(name: str, exported):
    expression = EXPRESSIONS[name]
    named = re.findall(r"(reelhouse_\w+)(?:\{([^}]*)\})?", expression)
    assert named
    for metric, selectors in named:
        assert metric in exported, metric
        for label, operator, values in re.findall(r'(\w+)(=~|!=|=)"([^"]*)"', selectors):
            assert label in exported[metric]
            if operator != "!=":
                assert set(values.split("|")) <= exported[metric][label] | {"take"}
    for labels in re.findall(r"by \(([^)]*)\)", expression):
        available = {label for metric, _ in named for label in exported[metric]}
        assert set(labels.replace(" ", "").split(",")) <= available


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_happened_and_what_to_do(rule):
    assert rule["annotations"].keys() == {"summary", "action"}
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert f"`{rule['alert']}`" in PAGE


def test_every_exported_metric_is_documented_and_on_the_dashboard(exported):
    shown = " ".join(PANELS.values())
    for name in exported:
        if name.endswith("_created"):
            continue
        family = re.sub(r"_(bucket|count|sum)$", "", name)
        assert f"`{name}`" in PAGE or f"`{family}`" in PAGE, name
        assert family in shown, name


def test_panels_do_not_lie_on_each_other():
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)

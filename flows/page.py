"""What Prefect's own page shows of a render: its name, plan, progress, the newest preview, the finished film.

Everything is an artifact of the flow run. A server that does not answer costs the page, never the render.
"""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from io import BytesIO
from logging import getLogger
from uuid import UUID

import httpx
from PIL import Image
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run

from reelhouse.storyboard import Storyboard
from reelhouse.timing import timecode
from tasks.listeners import heard_by
from tasks.progress import Picture, StepElsewhere, StepEvent, StepFinished, StepProgressed
from tasks.renders import Render, warnings_of
from tasks.workbench import Workbench

EVERY_S = 1.0
PREVIEW_EVERY = 2  # so many updates of the progress to one of the preview
SHEET_WIDTH, PREVIEW_WIDTH = 900, 416
LINK_S = 7 * 24 * 3600  # the longest that S3 signs a link for
MIN_WEIGHT_S = 0.05

log = getLogger(__name__)


@contextmanager
def shown(bench: Workbench, render: Render) -> Iterator[None]:
    """Show a render on the page of the server in use while the block makes it, and its film at the end."""
    if not bench.server_lasts:
        yield
        return
    with get_client(sync_client=True) as client:
        page = _Page(client, UUID(flow_run.id), render)
        # Prefect's settings are bound to the context.
        thread = threading.Thread(
            target=copy_context().run, args=(page.keep_current,), name="page", daemon=True
        )
        thread.start()
        try:
            with heard_by(bench, page):
                yield
        finally:
            page.ended.set()
            thread.join()
        with _reaching("show the film"):
            page.put("film", "markdown", _film(bench, render), "The finished film")


def run_name(board: Storyboard) -> str:
    """What a run is called: "Fox and Kite, draft, animatic"."""
    return f"{board.title}, {board.quality}, {board.engine}"


@dataclass(slots=True)
class _Page:
    """The artifacts of one run; a thread of its own keeps progress and preview current."""

    client: SyncPrefectClient
    run_id: UUID
    render: Render
    ended: threading.Event = field(default_factory=threading.Event)
    _fractions: dict[str, float] = field(default_factory=dict)
    _preview: Picture | None = None
    _known: dict[str, UUID] = field(default_factory=dict)

    def __call__(self, event: StepEvent) -> None:
        """Hear of a step; costs no time."""
        match event:
            case StepProgressed(step, fraction, preview):
                self._fractions[step.key] = fraction
                if preview is not None:
                    self._preview = preview
            case StepElsewhere(step, _, fraction):
                self._fractions[step.key] = fraction
            case StepFinished(step):
                self._fractions[step.key] = 1.0

    def keep_current(self) -> None:
        """Name the run, show its plan, then its progress until it has ended."""
        with _reaching("show the progress"):
            if not self.client.read_flow_run(self.run_id).idempotency_key:  # who gave one, gave a name too
                self.client.set_flow_run_name(self.run_id, run_name(self.render.plan.storyboard))
            self.put("plan", "table", json.dumps(_rows(self.render)), "What is made, and what is reused")
            number, said, shown = 0, None, None
            while True:
                is_last = self.ended.wait(EVERY_S if number else 0)
                if (done := self._percent()) != said:
                    self.put("progress", "progress", done, "How much of the work is done")
                    said = done
                if (
                    (newest := self._preview) is not shown
                    and newest is not None
                    and number % PREVIEW_EVERY == 0
                ):
                    picture = _inlined(_enlarged(Image.fromarray(newest)), PREVIEW_WIDTH)
                    self.put("preview", "markdown", picture, "What is being made")
                    shown = newest
                if is_last:
                    return
                number += 1

    def put(self, key: str, kind: str, data: object, description: str) -> None:
        """Make one artifact of the run, or update it."""
        if known := self._known.get(key):
            self.client.update_artifact(known, ArtifactUpdate(data=data))  # pyright: ignore[reportArgumentType] any JSON
            return
        made = self.client.create_artifact(
            ArtifactCreate(
                key=f"render-{key}",
                type=kind,
                description=description,
                data=data,  # pyright: ignore[reportArgumentType] any JSON
                flow_run_id=self.run_id,
            )
        )
        self._known[key] = made.id

    def _percent(self) -> float:
        weights = {step.key: max(step.cost.seconds, MIN_WEIGHT_S) for step in self.render.outstanding}
        done = sum(weights.get(key, 0.0) * part for key, part in list(self._fractions.items()))
        return round(100 * done / (sum(weights.values()) or 1.0), 1)


@contextmanager
def _reaching(purpose: str) -> Iterator[None]:
    try:
        yield
    except (httpx.HTTPError, PrefectException) as error:
        log.warning("Prefect's server did not answer to %s: %s", purpose, error)


def _enlarged(preview: Image.Image) -> Image.Image:
    """A latent's hundred pixels, as large as a person can see."""
    height = round(preview.height * PREVIEW_WIDTH / preview.width)
    return preview.resize((PREVIEW_WIDTH, height), Image.Resampling.BICUBIC)


def _rows(render: Render) -> list[dict[str, str]]:
    """The plan as a table, one row a stage."""
    to_make = {step.key for step in render.outstanding}
    rows: list[dict[str, str]] = []
    for stage in dict.fromkeys(step.stage for step in render.plan.steps):
        steps = render.plan.of(stage)
        outstanding = [step for step in steps if step.key in to_make]
        seconds = sum(step.cost.seconds for step in outstanding)
        rows.append(
            {
                "stage": stage.value,
                "to make": str(len(outstanding)),
                "reused": str(len(steps) - len(outstanding)),
                "expected": f"{seconds:.0f} s" if seconds >= 1 else "",
                "what": ", ".join(step.label for step in outstanding)[:300],
            }
        )
    return rows


def _film(bench: Workbench, render: Render) -> str:
    """Contact sheet, links and the lineage in short, as markdown."""
    plan = render.plan
    made = {step.key for step in render.outstanding}
    lines = [f"## {plan.storyboard.title}", "", _links(bench, render), ""]
    with Image.open(bench.store.fetch(render.artifact(plan.contact_sheet).id)) as sheet:
        lines += [_inlined(sheet, SHEET_WIDTH), ""]
    lines += [
        f"- render `{render.id}`, {timecode(plan.duration_s)}, {len(plan.storyboard.scenes)} scenes",
        f"- {len(made)} steps made, {len(plan.steps) - len(made)} reused",
        f"- film `{render.artifact(plan.film).id}`",
        f"- `reelhouse fetch {render.id}` puts its files into a folder, "
        f"`reelhouse lineage {render.artifact(plan.film).id[:12]}` shows what made it",
    ]
    lines += [f"- look at this: {warning}" for warning in warnings_of(plan, render.records)]
    return "\n".join(lines)


def _links(bench: Workbench, render: Render) -> str:
    """Where the film and its deliveries can be watched for a week, where the store has a server."""
    plan = render.plan
    sources = {"film": plan.film} | {delivery.name: source for delivery, source in plan.deliveries.items()}
    links = {
        name: bench.store.link(render.artifact(source).id, for_s=LINK_S) for name, source in sources.items()
    }
    return " · ".join(f"[{name}]({link})" for name, link in links.items() if link)


def _inlined(picture: Image.Image, width: int) -> str:
    """A picture within the text itself: a link would have to be reached, and would end."""
    small = picture.convert("RGB")
    small.thumbnail((width, 4 * width))
    data = BytesIO()
    small.save(data, "JPEG", quality=80)
    return f"![](data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()})"

"""What Prefect's own page shows of a render: its name, plan, progress, the newest preview, the finished film.

Everything is an artifact of the flow run, those of its newest attempt alone. They have no keys, since the
page leads from one with a key to those of every run; their descriptions tell the news at a glance. A server
that does not answer costs the page, never the render.
"""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from io import BytesIO
from itertools import count
from logging import getLogger
from uuid import UUID

import httpx
from PIL import Image
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.exceptions import PrefectException
from prefect.runtime import flow_run

from reelhouse.errors import ApprovalPending
from reelhouse.steps import OutputOf
from reelhouse.storyboard import Storyboard
from reelhouse.timing import timecode
from tasks.gate import standing
from tasks.headway import Headway
from tasks.listeners import heard_by
from tasks.previews import SHOWN_WIDTH, enlarged
from tasks.progress import Picture, StepElsewhere, StepEvent, StepProgressed
from tasks.renders import Render, warnings_of
from tasks.results import looked_at
from tasks.workbench import Workbench

EVERY_S = 1.0
PREVIEW_EVERY = 2  # so many updates of the progress to one of the preview
SHEET_WIDTH = 900
LINK_S = 7 * 24 * 3600  # the longest that S3 signs a link for
UNHEARD = (httpx.HTTPError, PrefectException)

log = getLogger(__name__)


@contextmanager
def shown(bench: Workbench, render: Render) -> Iterator[None]:
    """Show a render on the page of the server in use while the block makes it, and its film at the end."""
    if not bench.server_lasts:
        yield
        return
    with get_client(sync_client=True) as client:
        headway = Headway(bench, render.outstanding)
        page = _Page(client, UUID(flow_run.id), render, headway)
        try:
            with page.kept_current(), heard_by(bench, headway, page):
                yield
        except ApprovalPending:
            with _reaching("show what waits for a person"):
                page.put("approval", "markdown", _asked(bench, render), "**Waits for a person**")
            raise
        with _reaching("show the film"):
            page.put(
                "film", "markdown", _film(bench, render), f"**Film**: {timecode(render.plan.duration_s)}"
            )


def run_name(board: Storyboard) -> str:
    """What a run is called: "Fox and Kite, draft, animatic"."""
    return f"{board.title}, {board.quality}, {board.engine}"


@dataclass(slots=True)
class _Page:
    """The artifacts of one run; a thread of its own keeps progress and preview current."""

    client: SyncPrefectClient
    run_id: UUID
    render: Render
    headway: Headway
    ended: threading.Event = field(default_factory=threading.Event)
    _preview: Picture | None = None
    _shown: Picture | None = None
    _said: tuple[float, str] | None = None
    _known: dict[str, UUID] = field(default_factory=dict)

    def __call__(self, event: StepEvent) -> None:
        """Hear of a new look at a step; costs no time."""
        if isinstance(event, StepProgressed | StepElsewhere) and event.preview is not None:
            self._preview = event.preview

    @contextmanager
    def kept_current(self) -> Iterator[None]:
        """Keep the page current while the block runs, and show nothing as being made after it."""
        # Prefect's settings are bound to the context.
        thread = threading.Thread(
            target=copy_context().run, args=(self.keep_current,), name="page", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            self.ended.set()
            thread.join()
            with _reaching("take the preview away"):
                self.remove("preview")

    def keep_current(self) -> None:
        """Name the run, show its plan, then its progress until it has ended."""
        is_begun, is_heard = False, True
        for number in count():
            is_last = self.ended.wait(EVERY_S if number else 0)
            try:
                if not is_begun:
                    self._begin()
                    is_begun = True
                self._update(with_preview=not is_heard or number % PREVIEW_EVERY == 0)
                is_heard = True
            except UNHEARD as error:  # what was not heard is told again in the next second
                if is_heard:  # one line for an outage, not one a second
                    _warn("show the progress", error)
                is_heard = False
            if is_last:
                return

    def _begin(self) -> None:
        """Name the run and show its plan, alone; what was not heard is begun anew."""
        run = self.client.read_flow_run(self.run_id)
        if run.auto_scheduled or not run.idempotency_key:  # a person who gave a key, gave a name too
            self.client.set_flow_run_name(self.run_id, run_name(self.render.plan.storyboard))
        self._clear()
        self.put("plan", "table", json.dumps(_rows(self.render)), _planned(self.render))

    def _update(self, *, with_preview: bool) -> None:
        """Show what is news since it was last heard."""
        if (progress := _progress(self.headway)) != self._said:
            self.put("progress", "progress", *progress)
            self._said = progress
        if with_preview and (newest := self._preview) is not None and newest is not self._shown:
            picture = _inlined(enlarged(newest), SHOWN_WIDTH, "what is being made")
            self.put("preview", "markdown", picture, "**Preview** of what is being made")
            self._shown = newest

    def put(self, name: str, kind: str, data: object, description: str) -> None:
        """Make one artifact of the run, or update it."""
        if known := self._known.get(name):
            news = ArtifactUpdate(data=data, description=description)  # pyright: ignore[reportArgumentType] any JSON
            self.client.update_artifact(known, news)
            return
        made = self.client.create_artifact(
            ArtifactCreate(
                type=kind,
                description=description,
                data=data,  # pyright: ignore[reportArgumentType] any JSON
                flow_run_id=self.run_id,
            )
        )
        self._known[name] = made.id

    def remove(self, name: str) -> None:
        """Take an artifact of the run away, if it is there."""
        if known := self._known.pop(name, None):
            self.client.delete_artifact(known)

    def _clear(self) -> None:
        """Take away what an earlier attempt at this run has shown."""
        wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[self.run_id]))
        for artifact in self.client.read_artifacts(artifact_filter=wanted):
            self.client.delete_artifact(artifact.id)


def _progress(headway: Headway) -> tuple[float, str]:
    """The percentage done, and it in words with the time left and what keeps the render."""
    done = round(100 * headway.fraction, 1)
    words = f"**Progress**: {done:.0f} %"
    if done < 100:
        words += f", {_about(headway.left_s)} left"
    return done, words + "".join(f". Takes wait: {reason}" for reason in headway.obstacles)


def _about(left_s: float) -> str:
    """ "some seconds", "about 40 s", "about 12 min", "about 2 h 10 min": the page is told when it changes."""
    if left_s < 10:
        return "some seconds"
    if left_s < 55:
        return f"about {10 * round(left_s / 10)} s"
    minutes = max(round(left_s / 60), 1)
    if minutes < 60:
        return f"about {minutes} min"
    return f"about {minutes // 60} h {10 * (minutes % 60 // 10):02d} min"


@contextmanager
def _reaching(purpose: str) -> Iterator[None]:
    try:
        yield
    except UNHEARD as error:
        _warn(purpose, error)


def _warn(purpose: str, error: Exception) -> None:
    log.warning("Prefect's server did not answer to %s: %s", purpose, error)


def _planned(render: Render) -> str:
    """The plan in a line."""
    to_make = len(render.outstanding)
    reused = len(render.plan.steps) - to_make
    expected_s = sum(step.cost.seconds for step in render.outstanding)
    return f"**Plan**: {to_make} steps to make, {reused} reused, {expected_s:.0f} s of work"


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
        lines += [_inlined(sheet, SHEET_WIDTH, "contact sheet"), ""]
    lines += [
        f"- render `{render.id}`, {timecode(plan.duration_s)}, {len(plan.storyboard.scenes)} scenes",
        f"- {len(made)} steps made, {len(plan.steps) - len(made)} reused",
        f"- film `{render.artifact(plan.film).id}`",
        f"- `reelhouse fetch {render.id}` puts its files into a folder, "
        f"`reelhouse lineage {render.artifact(plan.film).id[:12]}` shows what made it",
    ]
    if approval := standing(bench, plan):
        lines.append(f"- {approval.answer}")
    lines += [f"- look at this: {warning}" for warning in warnings_of(plan, render.records)]
    return "\n".join(lines)


def _asked(bench: Workbench, render: Render) -> str:
    """What a person is to look at and how they answer, as markdown."""
    files = looked_at(render.plan)
    links = _linked(bench, render, {name: result.source for name, result in files.items()})
    lines = [f"## {render.plan.storyboard.title} waits for a person", "", links, ""]
    [sheet] = [result.source for result in files.values() if result.suffix == "jpg"]
    with Image.open(bench.store.fetch(render.artifact(sheet).id)) as picture:
        lines += [_inlined(picture, SHEET_WIDTH, "contact sheet"), ""]
    lines += [
        f"- `reelhouse fetch {render.id}` puts {' and '.join(files)} into a folder",
        f"- Resume on this page, or `reelhouse approve {render.id}`, lets the film be finished",
        f"- `reelhouse approve {render.id} --reject --note WHY` ends it",
    ]
    return "\n".join(lines)


def _links(bench: Workbench, render: Render) -> str:
    """The film and its deliveries."""
    plan = render.plan
    deliveries = {delivery.name: source for delivery, source in plan.deliveries.items()}
    return _linked(bench, render, {"film": plan.film} | deliveries)


def _linked(bench: Workbench, render: Render, sources: Mapping[str, OutputOf]) -> str:
    """Where results can be watched for a week, where the store has a server."""
    links = {
        name: bench.store.link(render.artifact(source).id, for_s=LINK_S) for name, source in sources.items()
    }
    return " · ".join(f"[{name}]({link})" for name, link in links.items() if link)


def _inlined(picture: Image.Image, width: int, shows: str) -> str:
    """A picture within the text itself: a link would have to be reached, and would end."""
    small = picture.convert("RGB")
    small.thumbnail((width, 4 * width))
    data = BytesIO()
    small.save(data, "JPEG", quality=80)
    return f"![{shows}](data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()})"

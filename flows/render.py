"""The film, from a storyboard to a finished file, as one Prefect flow."""

from functools import partial
from typing import Annotated

from prefect import flow
from prefect.runtime import deployment, flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows.approval import wait_for_approval
from flows.notices import tell_film_done, tell_film_failed
from flows.outages import outlasting
from flows.page import shown
from flows.production import SENT_AT_ONCE, produce
from flows.run_logs import plain_failures, run_log_handlers
from models.catalog import ENGINES
from reelhouse.errors import ApprovalPending
from reelhouse.stages import Stage
from reelhouse.storyboard import ApprovedAfter, Choices, Quality, Speed, Storyboard
from tasks.bundles import opened
from tasks.film import assemble_film, draw_stills, make_gif, mix_music
from tasks.gate import pass_gate
from tasks.joins import join_windows
from tasks.observation import observed_render
from tasks.prompts import write_prompt
from tasks.renders import rendering
from tasks.retakes import noted
from tasks.segments import blend_pieces, cut_piece, hold_card
from tasks.sending import is_sent
from tasks.subjects import cut_out_subject, letterbox_reference
from tasks.take_sheet import draw_take_sheet
from tasks.takes import generate_take
from tasks.workbench import Workbench, workbench

STAGES = {
    Stage.MASK: cut_out_subject,
    Stage.REFERENCE: letterbox_reference,
    Stage.PROMPT: write_prompt,
    Stage.TAKE: generate_take,
    Stage.JOIN: join_windows,
    Stage.SHEET: draw_take_sheet,
    Stage.PIECE: cut_piece,
    Stage.BLEND: blend_pieces,
    Stage.CARD: hold_card,
    Stage.MUSIC: mix_music,
    Stage.FILM: assemble_film,
    Stage.STILLS: draw_stills,
    Stage.GIF: make_gif,
}
# How many steps run here at once is a setting of at most 64; those that are sent wait beside them.
RUNNER = ThreadPoolTaskRunner(max_workers=64 + SENT_AT_ONCE)

# The titles are what Prefect's form writes on the switch between the two.
AsWritten = Annotated[None, Field(title="as written")]
_ANOTHER = "another"
EngineName = Annotated[str, Field(title=_ANOTHER, json_schema_extra={"enum": list(ENGINES)})]
USUAL_PRIORITY, LAST_PRIORITY = 50, 100
Priority = Annotated[int, Field(ge=1, le=LAST_PRIORITY)]


@flow(  # pyright: ignore[reportCallIssue] Prefect's runner type is invariant in its own futures
    name="render-storyboard",
    task_runner=RUNNER,  # pyright: ignore[reportArgumentType] the same
    on_completion=[tell_film_done],
    on_failure=[tell_film_failed],
    persist_result=False,
)
def render_storyboard(
    storyboard: str,
    engine: AsWritten | EngineName = None,
    quality: AsWritten | Annotated[Quality, Field(title=_ANOTHER)] = None,
    speed: AsWritten | Annotated[Speed, Field(title=_ANOTHER)] = None,
    deliveries: Annotated[None, Field(title="all")] | Annotated[list[str], Field(title="some")] = None,
    takes: AsWritten | Annotated[dict[str, int], Field(title="others")] = None,
    approve: AsWritten | Annotated[ApprovedAfter, Field(title=_ANOTHER)] = None,
    priority: Priority = USUAL_PRIORITY,
) -> str:
    """Render a storyboard into a film; what is already made is not made again.

    Args:
        storyboard: The storyboard's text, pasted, its pictures named as sha256:ID or as files in the workers'
            library; or the path of a storyboard in that library; or a bundle's id from reelhouse submit.
        engine: What makes the pictures, where another is wanted than the storyboard names.
        quality: Draft, standard or final, where another is wanted than the storyboard names.
        speed: What may be traded for time, where it is not what the storyboard names.
        deliveries: Which of the storyboard's deliveries are made, by their names. The film itself always is.
        takes: Which take of a scene goes into the film, such as {"meadow": 2}.
        approve: Lets a person look at all takes, or at a draft of the film, before it is finished. The run is
            suspended until then: Resume approves, reelhouse approve --reject refuses.
        priority: 1 goes first, 100 last.

    Returns:
        The render's id in the lineage.
    """
    plain_failures()
    choices = Choices(engine, quality, speed, tuple(deliveries or ()), takes or {}, approve)

    def film() -> str:
        bench = workbench()
        with opened(bench, storyboard) as board:
            return make_film(bench, choices.applied_to(board), choices, priority=priority)

    return outlasting(film)


def make_film(bench: Workbench, board: Storyboard, choices: Choices, *, priority: int) -> str:
    """Make a film within the flow that runs, which is suspended while a person is asked; the render's id."""
    try:
        return _make_film(bench, board, choices, priority=priority)
    except ApprovalPending as pending:
        wait_for_approval(bench, pending)
    return _make_film(bench, board, choices, priority=priority)


def _make_film(bench: Workbench, board: Storyboard, choices: Choices, *, priority: int) -> str:
    plan = bench.plan(board)
    bench.priority = LAST_PRIORITY - priority  # there, the greater goes first
    kept = {"flow_run_id": flow_run.id, "choices": noted(choices)}
    with (
        observed_render(bench, run_log_handlers(bench.settings)),
        rendering(bench, plan, kept) as render,
        shown(bench, render),
    ):
        at_once, sent = bench.settings.scenes_at_once, partial(is_sent, bench)
        make = partial(produce, render, tasks=STAGES, at_once=at_once, is_sent=sent)
        first = plan.before_approval(render.outstanding)
        make(first)
        pass_gate(bench, render, run_id=flow_run.id if deployment.id else None)
        made = {step.key for step in first}
        make([step for step in render.outstanding if step.key not in made])
    return render.id

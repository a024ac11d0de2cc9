"""The film, from a storyboard to a finished file, as one Prefect flow."""

from pathlib import Path

from prefect import flow
from prefect.task_runners import ThreadPoolTaskRunner

from flows.production import produce
from reelhouse.stages import Stage
from reelhouse.storyboard import Choices, Quality, Speed
from reelhouse.storyboard_reader import read_storyboard
from tasks.film import assemble_film, draw_stills, make_gif, mix_music
from tasks.joins import join_windows
from tasks.prompts import write_prompt
from tasks.renders import rendering
from tasks.segments import blend_pieces, cut_piece, hold_card
from tasks.subjects import cut_out_subject, letterbox_reference
from tasks.takes import generate_take
from tasks.workbench import workbench

STAGES = {
    Stage.MASK: cut_out_subject,
    Stage.REFERENCE: letterbox_reference,
    Stage.PROMPT: write_prompt,
    Stage.TAKE: generate_take,
    Stage.JOIN: join_windows,
    Stage.PIECE: cut_piece,
    Stage.BLEND: blend_pieces,
    Stage.CARD: hold_card,
    Stage.MUSIC: mix_music,
    Stage.FILM: assemble_film,
    Stage.STILLS: draw_stills,
    Stage.GIF: make_gif,
}


@flow(  # pyright: ignore[reportCallIssue] Prefect's runner type is invariant in its own futures
    name="render-storyboard",
    flow_run_name="{storyboard.stem}",
    # How many steps run at once is a setting; this only bounds it.
    task_runner=ThreadPoolTaskRunner(max_workers=64),  # pyright: ignore[reportArgumentType] the same
    persist_result=False,
)
def render_storyboard(
    storyboard: Path,
    engine: str | None = None,
    quality: Quality | None = None,
    speed: Speed | None = None,
) -> str:
    """Render a storyboard into a film; what is already made is not made again.

    Args:
        storyboard: the storyboard file, its pictures beside it.
        engine: another engine than the storyboard's.
        quality: another quality than the storyboard's.
        speed: another speed than the storyboard's.

    Returns:
        The render's id in the lineage.
    """
    bench = workbench()
    board = Choices(engine, quality, speed).applied_to(read_storyboard(storyboard))
    with rendering(bench, bench.plan(board)) as render:
        produce(render, STAGES, at_once=bench.settings.scenes_at_once)
    return render.id

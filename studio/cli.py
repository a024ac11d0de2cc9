"""The command line: one command a door, errors in one line, exit codes a script can rely on.

Exit codes: 0 done, 1 could not be made, 2 change the input, 3 a service did not answer, 4 waits for a person,
130 stopped.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from reelhouse.errors import Cancelled, InputError, ReelhouseError
from reelhouse.storyboard import Choices
from studio.campaign_commands import campaign

app = typer.Typer(
    name="reelhouse",
    help="A storyboard becomes a finished film in which the subject stays itself.",
    epilog="Exit codes: 0 done, 1 could not be made, 2 change the input, 3 a service did not answer, "
    "4 waits for a person, 130 stopped.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

weights = typer.Typer(help="Weights of the diffusion engines.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(weights, name="weights")
app.add_typer(campaign, name="campaign")

StoryboardFile = Annotated[Path, typer.Argument(metavar="STORYBOARD", help="A storyboard.yaml file.")]
FilmFile = Annotated[
    str, typer.Argument(metavar="FILM", help="A film file, or the first digits of an artifact's id.")
]
EngineName = Annotated[
    str | None, typer.Option("--engine", help="Use this engine instead of the storyboard's.")
]
QualityName = Annotated[
    Literal["draft", "standard", "final"] | None,
    typer.Option("--quality", help="Use this quality instead of the storyboard's."),
]
SpeedName = Annotated[
    Literal["parity", "exact", "fast", "turbo", "draft"] | None,
    typer.Option("--speed", help="Use this speed instead of the storyboard's."),
]
ApproveAfter = Annotated[
    Literal["none", "takes", "draft"] | None,
    typer.Option("--approve", help="Wait for a person once all takes, or a draft of the film, are made."),
]
BackupFolder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of backups.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


@app.command()
def render(
    storyboard: StoryboardFile,
    engine: EngineName = None,
    quality: QualityName = None,
    speed: SpeedName = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Put the film in this folder instead of REELHOUSE_HOME/films."),
    ] = None,
    approve: ApproveAfter = None,
    as_json: AsJson = False,
) -> None:
    """Render a storyboard into a film; what is already made is not made again."""
    from studio.rendering import render_film

    choices = Choices(engine, quality, speed, approve=approve)
    render_film(storyboard, choices, folder=out, as_json=as_json)


@app.command()
def submit(
    storyboard: StoryboardFile,
    engine: EngineName = None,
    quality: QualityName = None,
    speed: SpeedName = None,
    deliver: Annotated[
        list[str] | None, typer.Option("--deliver", help="Make only this delivery; may be repeated.")
    ] = None,
    approve: ApproveAfter = None,
    priority: Annotated[int, typer.Option(min=1, max=100, help="1 goes first, 100 last.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Let the studio's workers render a storyboard; the same request again is the same run."""
    from studio.submission import submit

    choices = Choices(engine, quality, speed, tuple(deliver or ()), approve=approve)
    submit(storyboard, choices, priority=priority, as_json=as_json)


@app.command()
def runs(as_json: AsJson = False) -> None:
    """List the studio's latest runs."""
    from studio.submission import show_runs

    show_runs(as_json=as_json)


@app.command()
def fetch(
    wanted: Annotated[
        str, typer.Argument(metavar="RENDER|RUN", help="A render's id or its first characters; a run's id.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Put the files into this folder instead of REELHOUSE_HOME/films."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Put the files of a finished film into a folder; of one that waits for a person, what to look at."""
    from studio.submission import fetch

    fetch(wanted, folder=out, as_json=as_json)


@app.command()
def deploy(
    job_template: Annotated[
        Path | None,
        typer.Option(
            "--job-template", help="Make each render a Kubernetes Job by this template of Prefect's."
        ),
    ] = None,
) -> None:
    """Register the flows with the Prefect server that PREFECT_API_URL names."""
    from studio.submission import deploy

    deploy(job_template)


@app.command()
def steward() -> None:
    """Take up runs whose processes were killed, until a signal ends this; `up` runs one."""
    from studio.submission import steward

    steward()


@app.command()
def plan(
    storyboard: StoryboardFile,
    engine: EngineName = None,
    quality: QualityName = None,
    speed: SpeedName = None,
    approve: ApproveAfter = None,
    as_json: AsJson = False,
) -> None:
    """Show every step a film takes: its key, whether it is made, what it is expected to cost."""
    from studio.plan_view import show_plan

    show_plan(storyboard, Choices(engine, quality, speed, approve=approve), as_json=as_json)


@app.command()
def show(
    render_id: Annotated[
        str | None, typer.Argument(metavar="[RENDER]", help="A render's id, or its first characters.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the latest renders, or show one of them step by step."""
    from studio.history_view import show_render, show_renders

    if render_id:
        show_render(render_id, as_json=as_json)
    else:
        show_renders(as_json=as_json)


@app.command()
def lineage(
    film: Annotated[
        str | None,
        typer.Argument(metavar="[FILM]", help="A film file, or the first digits of an artifact's id."),
    ] = None,
    where_used: Annotated[
        str | None,
        typer.Option("--where-used", metavar="FILE", help="List what was made from this picture or file."),
    ] = None,
    prov: Annotated[
        Path | None, typer.Option("--prov", metavar="OUT.json", help="Write the lineage as W3C PROV-JSON.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a film was made from, or what a picture was used for."""
    from studio.lineage_view import show_lineage, show_uses, write_prov

    if where_used:
        show_uses(where_used, as_json=as_json)
    elif film is None:
        raise InputError("name a film, or a picture with --where-used")
    elif prov:
        write_prov(film, prov)
    else:
        show_lineage(film, as_json=as_json)


@app.command()
def frames(
    film: Annotated[Path, typer.Argument(metavar="FILM", help="A film file.")],
    count: Annotated[int, typer.Option("-n", min=1, max=1000, help="How many frames.")] = 8,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write them to this folder instead of FILM-frames.")
    ] = None,
) -> None:
    """Write evenly spaced frames of a film as PNG files."""
    from reelhouse.media.stills import save_frames

    if not film.is_file():
        raise InputError(f"there is no film {film}")
    for path in save_frames(film, count, out or film.with_name(f"{film.stem}-frames")):
        typer.echo(path)


@app.command()
def verify(
    sample: Annotated[
        int | None, typer.Option(min=1, help="Hash this many artifacts instead of all of them.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every stored byte and every recorded key against its hash."""
    from studio.upkeep import verify_all

    verify_all(sample=sample, as_json=as_json)


@app.command()
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove stored bytes that no record names, and leftovers of interrupted writes."""
    from studio.upkeep import collect_garbage

    collect_garbage(dry_run=dry_run, as_json=as_json)


@app.command()
def backup(folder: BackupFolder, as_json: AsJson = False) -> None:
    """Back up the lineage, Prefect's database and every recorded artifact, while the house works on."""
    from studio.backups import write_backup

    write_backup(folder, as_json=as_json)


@app.command()
def restore(
    folder: BackupFolder,
    name: Annotated[
        str | None, typer.Option("--backup", metavar="NAME", help="Restore this one instead of the newest.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only hash the backup; change nothing.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Restore what is whole although artifacts are lost.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Restore a backup into an empty database and a store, and verify every byte and key."""
    from studio.backups import check_backup, restore_backup

    if check:
        check_backup(folder, name, as_json=as_json)
    else:
        restore_backup(folder, name, partial=partial, as_json=as_json)


@app.command()
def approvals(as_json: AsJson = False) -> None:
    """List the films that wait for a person, with where their takes or drafts are."""
    from studio.approving import show_approvals

    show_approvals(as_json=as_json)


@app.command()
def approve(
    render_id: Annotated[
        str, typer.Argument(metavar="RENDER|RUN", help="A render's id or its first characters; a run's id.")
    ],
    reject: Annotated[bool, typer.Option("--reject", help="Refuse it; the film is not made.")] = False,
    note: Annotated[str, typer.Option(help="Why, for whoever made them.")] = "",
) -> None:
    """Approve the takes or the draft of a film that waits, so that it is finished; or reject them."""
    from studio.approving import decide

    decide(render_id, "rejected" if reject else "approved", note=note)


@app.command()
def forgive(
    step: Annotated[str, typer.Argument(metavar="STEP", help="The first digits of the step's key.")],
) -> None:
    """Let a step be tried again that was put aside because its processes died three times."""
    from studio.upkeep import forgive

    forgive(step)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Check this installation: packages, ffmpeg, font, models, database, store, Prefect."""
    from studio.doctor import examine

    examine(as_json=as_json)


@app.command()
def engines(as_json: AsJson = False) -> None:
    """List the video engines and what each can make."""
    from studio.plan_view import show_engines

    show_engines(as_json=as_json)


@app.command()
def parity(
    directory: Annotated[
        Path, typer.Argument(metavar="GOLDEN_DIR", help="A directory of golden tensors, as tests/golden/A.")
    ],
    mode: Annotated[Literal["parity", "exact"], typer.Option(help="The numeric mode to check.")] = "exact",
    as_json: AsJson = False,
) -> None:
    """Check that this machine computes Phantom as the official program does; exit code 1 on a miss."""
    from studio.parity_view import show_parity

    show_parity(directory, mode=mode, as_json=as_json)


@weights.command()
def tiny(
    engine: Annotated[str, typer.Argument(metavar="ENGINE", help="A diffusion engine's name.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that is new or empty.")],
) -> None:
    """Write tiny random weights of an engine's real classes: they run on a CPU, every clip is noise."""
    from models.tiny_checkpoints import write_tiny_checkpoint

    typer.echo(f"{write_tiny_checkpoint(engine, folder)}: tiny random weights, every clip will be noise")


@app.command()
def schema(
    of_campaign: Annotated[
        bool, typer.Option("--campaign", help="Print the campaign's instead of the storyboard's.")
    ] = False,
) -> None:
    """Print the storyboard's JSON Schema, which editors use to complete and check storyboards."""
    from reelhouse.campaign_file import CampaignFile
    from reelhouse.storyboard_file import StoryboardFile

    written = CampaignFile if of_campaign else StoryboardFile
    typer.echo(json.dumps(written.model_json_schema(), indent=2, ensure_ascii=False))


@app.command()
def up(
    detach: Annotated[bool, typer.Option("--detach", help="Leave it running and come back.")] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Render two scenes through it; then end it, if it was not up before."),
    ] = False,
) -> None:
    """Run a whole studio on this machine: PostgreSQL, S3, Prefect with its page, a worker."""
    from studio.one_machine.doors import up

    up(detach=detach, check=check)


@app.command()
def worker(
    offers: Annotated[
        str | None,
        typer.Option(
            metavar="ENGINES",
            help="Make takes of these engines, with commas between them; by "
            "default of every engine whose weights are there.",
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Its name for people instead of HOST-PID.")] = None,
    drain_s: Annotated[
        float, typer.Option(min=0, help="How long a take at work may go on once this is told to end.")
    ] = 120,
) -> None:
    """Make takes for any render of the house, one at a time, until told to end; one runs per GPU."""
    from studio.worker import work

    work(engines=offers, name=name, drain_s=drain_s)


@app.command()
def workers(as_json: AsJson = False) -> None:
    """Show the engine workers, and the takes that wait for them."""
    from studio.worker import show_workers

    show_workers(as_json=as_json)


@app.command()
def down(as_json: AsJson = False) -> None:
    """End the studio on this machine, and whatever a killed one left behind."""
    from studio.one_machine.doors import down

    down(as_json=as_json)


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the services of the studio on this machine; exit code 3 when it is not ready."""
    from studio.one_machine.doors import status

    status(as_json=as_json)


@app.command()
def env() -> None:
    """Print the settings, passwords among them, that lead other commands to the studio on this machine."""
    from studio.one_machine.doors import env

    env()


def main() -> None:
    """Run the command line; every expected failure is one message and an exit code."""
    try:
        app()
    except Cancelled:
        typer.echo(
            "reelhouse: stopped; what was finished is kept, run the same command again to go on", err=True
        )
        sys.exit(Cancelled.exit_code)
    except ReelhouseError as error:
        typer.echo(f"reelhouse: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("reelhouse: stopped", err=True)
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()

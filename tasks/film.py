"""The film: segments joined by copying, music under them, and the stills that show it."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

from reelhouse.errors import DiskFull, MediaError
from reelhouse.media.assemble import concatenate
from reelhouse.media.audio import music_bed
from reelhouse.media.gif import gif
from reelhouse.media.stills import contact_sheet, poster
from reelhouse.stages import Stage
from tasks.recorded import Job, Output, recorded


@recorded(Stage.MUSIC)
def mix_music(job: Job) -> Mapping[str, Output]:
    """Fit the music to the film's length and loudness."""
    out = job.folder / "music.m4a"
    loudness = _bed(job, out)
    job.facts["loudness_lufs"] = loudness
    return {"audio": Output(out, "audio/mp4")}


def _bed(job: Job, out: Path) -> float:
    """The music bed's measured loudness; the store's name for the music would mean nothing to people."""
    wanted = job.parameters["loudness_lufs"]
    try:
        found = music_bed(
            job.path("music"),
            out=out,
            duration_s=Fraction(job.parameters["duration_s"]),
            loudness_lufs=wanted,
            cancelled=job.bench.cancelled.is_set,
        )
    except DiskFull:
        raise
    except MediaError as error:
        raise MediaError(f"music {job.step.label}: {error}") from error
    if abs(found - wanted) > 1:
        job.warn(f"{job.step.label}: its loudness is {found:.1f} LUFS, {wanted:g} was asked")
    return found


@recorded(Stage.FILM)
def assemble_film(job: Job) -> Mapping[str, Output]:
    """Join the segments without encoding them again, and lay the music under."""
    out = job.folder / "film.mp4"
    segments = [job.path(name) for name in sorted(job.inputs) if name.startswith("segment.")]
    concatenate(
        segments,
        out,
        audio=job.optional_path("audio"),
        title=job.parameters["title"],
        on_progress=job.progress,
        cancelled=job.bench.cancelled.is_set,
    )
    return {"film": Output(out, "video/mp4")}


@recorded(Stage.STILLS)
def draw_stills(job: Job) -> Mapping[str, Output]:
    """Draw the poster and the contact sheet."""
    parameters = job.parameters
    film = job.path("film")
    marks = [(Fraction(at), scene) for at, scene in parameters["marks"]]
    poster(film, job.folder / "poster.jpg", at=marks[0][0])
    contact_sheet(
        film,
        marks,
        job.folder / "contact-sheet.jpg",
        title=parameters["title"],
        subtitle=parameters["subtitle"],
    )
    return {
        "poster": Output(job.folder / "poster.jpg", "image/jpeg"),
        "contact_sheet": Output(job.folder / "contact-sheet.jpg", "image/jpeg"),
    }


@recorded(Stage.GIF)
def make_gif(job: Job) -> Mapping[str, Output]:
    """Make an animated GIF of the film."""
    out = job.folder / "film.gif"
    gif(
        job.path("film"),
        out,
        width=job.parameters["width"],
        frame_rate=Fraction(job.parameters["frame_rate"]),
        on_progress=job.progress,
        cancelled=job.bench.cancelled.is_set,
    )
    return {"gif": Output(out, "image/gif")}

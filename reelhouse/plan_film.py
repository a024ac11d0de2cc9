"""Planning the film: which frames of which take are copied or blended, under which captions and music."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from reelhouse.capabilities import Cost
from reelhouse.plan_takes import FilmTakes
from reelhouse.seams import Blend, Cut, Passage, Piece, SeamKind, cut_list
from reelhouse.stages import Stage
from reelhouse.steps import Source, Step, StepList
from reelhouse.storyboard import Delivery, Music, Scene, Storyboard
from reelhouse.timing import timecode

# x264 settings of delivered pictures, by quality: constant rate factor and preset.
ENCODING = {"draft": (20, "veryfast"), "standard": (18, "fast"), "final": (16, "slow")}
ENCODED_PIXELS_PER_S = {"draft": 24e6, "standard": 14e6, "final": 5e6}  # two busy cores, docs/lab-log.md
STILLS_COST = Cost(tokens=0, seconds=0.6, memory_bytes=100 << 20)


@dataclass(frozen=True, slots=True)
class CutFilm:
    """A storyboard's takes laid out in time: the cut list, and the takes that it cuts."""

    storyboard: Storyboard
    cuts: Sequence[Cut]
    takes: FilmTakes

    @property
    def end_card_frames(self) -> int:
        """How many frames the end card is shown."""
        brand = self.storyboard.brand
        return round(brand.end_card_s * self.storyboard.frame_rate) if brand.end_card else 0

    @property
    def duration_s(self) -> Fraction:
        """The film's exact length."""
        return (sum(cut.num_frames for cut in self.cuts) + self.end_card_frames) / self.storyboard.frame_rate

    def middles(self) -> list[tuple[Fraction, str]]:
        """The film time in the middle of each scene's own piece, and the scene's id."""
        middles: list[tuple[Fraction, str]] = []
        frame = 0
        for cut in self.cuts:
            if isinstance(cut, Piece):
                at = (frame + cut.num_frames // 2) / self.storyboard.frame_rate
                middles.append((Fraction(at), self.storyboard.scenes[cut.scene].id))
            frame += cut.num_frames
        return middles


def native(storyboard: Storyboard) -> Delivery:
    """The film itself, in the size that its takes have."""
    return Delivery("film", storyboard.width, storyboard.height, "cover", "mp4")


def cut_film(storyboard: Storyboard, takes: FilmTakes) -> CutFilm:
    """Lay the chosen takes out in time.

    Raises:
        StoryboardError: a scene is shorter than the dissolves at its ends, or a bridge too short to be seen.
    """
    counts = [take.num_frames for take in takes.scenes]
    bridges = {index: take.num_frames for index, take in takes.bridges.items()}
    try:
        cuts = cut_list(counts, [scene.seam for scene in storyboard.scenes], storyboard.frame_rate, bridges)
    except ValueError as error:
        raise storyboard.problem(("scenes",), str(error)) from error
    return CutFilm(storyboard, cuts, takes)


def plan_film(film: CutFilm, delivery: Delivery, plan: StepList) -> Step:
    """Plan one MP4 of the film in a delivery's size."""
    board = film.storyboard
    inputs: dict[str, Source] = {}
    for cut in film.cuts:
        step = _plan_cut(film, cut, delivery, plan)
        inputs[f"segment.{len(inputs):05d}"] = step.output("segment")
    if board.brand.end_card:
        card = _plan_card(film, board.brand.end_card, delivery, plan)
        inputs[f"segment.{len(inputs):05d}"] = card.output("segment")
    if board.music:
        inputs["audio"] = _plan_music(film, board.music, plan).output("audio")
    label = board.title if delivery.name == "film" else f"{board.title}: {delivery.name}"
    seconds = 0.3 + 0.002 * len(inputs)
    return plan.add(
        Stage.FILM,
        label,
        {"title": board.title, "frame_rate": board.frame_rate},
        inputs,
        cost=Cost(tokens=0, seconds=seconds, memory_bytes=64 << 20),
    )


def plan_stills(film: CutFilm, finished: Step, engine: str, plan: StepList) -> Step:
    """Plan the film's poster and contact sheet."""
    board = film.storyboard
    scenes = f"{len(board.scenes)} scenes" if len(board.scenes) > 1 else "1 scene"
    parts = [scenes, timecode(film.duration_s), f"{board.width}x{board.height}", f"{engine}, {board.quality}"]
    return plan.add(
        Stage.STILLS,
        board.title,
        {
            "title": board.title,
            "subtitle": "  ·  ".join(parts),
            "marks": [[at, scene] for at, scene in film.middles()],
        },
        {"film": finished.output("film")},
        cost=STILLS_COST,
    )


def plan_gif(film: CutFilm, finished: Step, delivery: Delivery, plan: StepList) -> Step:
    """Plan an animated GIF of the film, at most 10 frames a second."""
    return plan.add(
        Stage.GIF,
        f"{film.storyboard.title}: {delivery.name}",
        {
            "width": delivery.width,
            "height": delivery.height,
            "frame_rate": min(Fraction(10), film.storyboard.frame_rate),
        },
        {"film": finished.output("film")},
        cost=Cost(tokens=0, seconds=0.5 + 0.2 * float(film.duration_s), memory_bytes=400 << 20),
    )


def _format(board: Storyboard, delivery: Delivery) -> dict[str, object]:
    crf, preset = ENCODING[board.quality]
    return {
        "width": delivery.width,
        "height": delivery.height,
        "frame_rate": board.frame_rate,
        "fit": delivery.reframe,
        "crf": crf,
        "preset": preset,
    }


def _encode_cost(board: Storyboard, delivery: Delivery, num_frames: int) -> Cost:
    pixels = delivery.width * delivery.height
    seconds = 0.1 + num_frames * pixels / ENCODED_PIXELS_PER_S[board.quality]
    return Cost(tokens=0, seconds=seconds, memory_bytes=80 * pixels)


def _caption(board: Storyboard, scene: Scene) -> list[str]:
    """The caption's lines, one a language, none twice."""
    texts = dict(scene.caption.texts)
    languages = texts if board.captions is None else board.captions
    return list(dict.fromkeys(scene.caption.in_language(language) for language in languages if texts))


def _plan_cut(film: CutFilm, cut: Cut, delivery: Delivery, plan: StepList) -> Step:
    match cut:
        case Piece():
            return _plan_piece(film, cut, delivery, plan)
        case Passage():
            return _plan_passage(film, cut, delivery, plan)
        case Blend():
            return _plan_blend(film, cut, delivery, plan)


def _plan_piece(film: CutFilm, cut: Piece, delivery: Delivery, plan: StepList) -> Step:
    board = film.storyboard
    scene = board.scenes[cut.scene]
    following = board.scenes[cut.scene + 1].seam.kind if cut.scene + 1 < len(board.scenes) else None
    shown = {
        "caption": _caption(board, scene),
        # At a dissolve the caption goes with the picture; elsewhere it fades by itself.
        "fade_in": scene.seam.kind is not SeamKind.DISSOLVE,
        "fade_out": following is not SeamKind.DISSOLVE,
    }
    take = film.takes.scenes[cut.scene].step
    return _plan_stretch(board, _Stretch(scene.id, take, cut.start, cut.stop, shown), delivery, plan)


def _plan_passage(film: CutFilm, cut: Passage, delivery: Delivery, plan: StepList) -> Step:
    take = film.takes.bridges[cut.scene + 1].step
    shown = {"caption": [], "fade_in": False, "fade_out": False}
    stretch = _Stretch(take.label, take, cut.start, cut.stop, shown)
    return _plan_stretch(film.storyboard, stretch, delivery, plan)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Frames [start, stop) of a take, and the caption shown over them."""

    label: str
    take: Step
    start: int
    stop: int
    shown: Mapping[str, object]


def _plan_stretch(board: Storyboard, stretch: _Stretch, delivery: Delivery, plan: StepList) -> Step:
    inputs: dict[str, Source] = {"take": stretch.take.output("take")}
    if board.brand.logo:
        inputs["logo"] = plan.given(board.brand.logo)
    described = {"start": stretch.start, "stop": stretch.stop, "format": _format(board, delivery)}
    return plan.add(
        Stage.PIECE,
        _label(stretch.label, delivery),
        {**described, **stretch.shown},
        inputs,
        cost=_encode_cost(board, delivery, stretch.stop - stretch.start),
    )


def _plan_blend(film: CutFilm, cut: Blend, delivery: Delivery, plan: StepList) -> Step:
    board = film.storyboard
    leaving, coming = board.scenes[cut.scene], board.scenes[cut.scene + 1]
    inputs: dict[str, Source] = {
        "leaving": film.takes.scenes[cut.scene].step.output("take"),
        "coming": film.takes.scenes[cut.scene + 1].step.output("take"),
    }
    if board.brand.logo:
        inputs["logo"] = plan.given(board.brand.logo)
    return plan.add(
        Stage.BLEND,
        _label(f"{leaving.id} to {coming.id}", delivery),
        {
            "start": cut.start,
            "num_frames": cut.num_frames,
            "format": _format(board, delivery),
            "leaving_caption": _caption(board, leaving),
            "coming_caption": _caption(board, coming),
        },
        inputs,
        cost=_encode_cost(board, delivery, cut.num_frames),
    )


def _plan_card(film: CutFilm, picture: Path, delivery: Delivery, plan: StepList) -> Step:
    board = film.storyboard
    return plan.add(
        Stage.CARD,
        _label("end card", delivery),
        {"num_frames": film.end_card_frames, "format": _format(board, delivery)},
        {"picture": plan.given(picture)},
        cost=_encode_cost(board, delivery, film.end_card_frames),
    )


def _plan_music(film: CutFilm, music: Music, plan: StepList) -> Step:
    return plan.add(
        Stage.MUSIC,
        music.file.name,
        {"duration_s": film.duration_s, "loudness_lufs": music.loudness_lufs},
        {"music": plan.given(music.file)},
        cost=Cost(tokens=0, seconds=0.5 + 0.06 * float(film.duration_s), memory_bytes=64 << 20),
    )


def _label(text: str, delivery: Delivery) -> str:
    return text if delivery.name == "film" else f"{text} ({delivery.name})"

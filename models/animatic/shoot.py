"""A shoot: one scene set up once, then filmed frame by frame, any frame at any time."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from models.animatic.air import Veil, hang_veils
from models.animatic.backdrop import picture_layer, picture_ramp
from models.animatic.blocking import Actor, place, walk_path
from models.animatic.camera import Floats, Framing, View, film, frame_up
from models.animatic.canvas import Colour, Pixels
from models.animatic.cutout import Sprite, cut_sprite, read_picture
from models.animatic.direction import Direction, direct
from models.animatic.easel import Easel, Layer
from models.animatic.melt import Melt
from models.animatic.motion import perform
from models.animatic.palette import Palette, choose_palette
from models.animatic.passage import read_end
from models.animatic.scenery import paint_scenery
from models.animatic.slate import lay_slate, make_slate
from models.animatic.stage import dim_corners, lay_backdrop, lay_shadow, lay_sprite, paint_vignette
from models.animatic.words import Move
from reelhouse.clips import ClipRequest, Role


@dataclass(frozen=True, slots=True)
class Shoot:
    """Everything one scene is filmed with."""

    times: Floats
    views: list[View]
    behind: tuple[Layer, ...]
    before: tuple[Layer, ...]
    actors: tuple[Actor, ...]
    veils: tuple[Veil, ...]
    vignette: Pixels | None
    slate: Pixels
    opening: Melt | None
    closing: Melt | None
    shade: float
    thread: Colour
    height: int
    width: int

    @classmethod
    def prepare(cls, request: ClipRequest) -> "Shoot":
        """Read the words and pictures, paint the setting, rehearse the actors.

        Raises:
            EngineError: a picture cannot be read, or a first or last frame has another size.
        """
        # Each craft has dice of its own, so that they may work at the same time.
        rng, brush, weather = (np.random.default_rng([request.seed, craft]) for craft in (2, 3, 4))
        direction = direct(request)
        palette = choose_palette(
            direction.hour,
            direction.weather,
            direction.look,
            indoors=direction.setting.is_indoors,
            ramp=_style_ramp(request),
        )
        times = np.arange(request.num_frames) / float(request.frame_rate)
        with ThreadPoolExecutor(1) as hand:
            painted = hand.submit(_layers, request, direction, palette, brush)
            veils = hang_veils(direction, palette, height=request.height, width=request.width, rng=weather)
            direction, sprites = _cast(request, direction, palette, rng)
            layers = painted.result()
        actors, scroll = _rehearse(direction, sprites, times, request.width / request.height, rng)
        framing = _framing(actors, request.width / request.height, close=Move.CLOSE_UP in direction.moves)
        views = film(
            direction.moves,
            times,
            scroll,
            heading=direction.heading,
            aspect=request.width / request.height,
            framing=framing,
            rng=rng,
        )
        return cls(
            times=times,
            views=views,
            behind=tuple(layer for layer in layers if not layer.in_front),
            before=tuple(layer for layer in layers if layer.in_front),
            actors=tuple(sorted(actors, key=lambda actor: -actor.mark.distance)),
            veils=veils,
            vignette=paint_vignette(request.height, request.width, palette.pigments.vignette),
            slate=make_slate(request.scene, height=request.height, width=request.width),
            opening=_melt(request, request.first_frame, framing.focus, rng),
            closing=_melt(request, request.last_frame, framing.focus, rng),
            shade=palette.light.shade * 1.7,
            thread=palette.raw((246, 240, 226) if palette.light.is_night else (96, 80, 78)),
            height=request.height,
            width=request.width,
        )

    def frame(self, index: int) -> Pixels:
        """One finished frame, [H, W, 3] uint8 RGB."""
        time_s, view = float(self.times[index]), self.views[index]
        frame = np.full((self.height, self.width, 4), 255, np.uint8)
        lay_backdrop(frame, self.behind, view, time_s)
        dim_corners(frame, self.vignette)
        for veil in self.veils:
            if not veil.in_front:
                veil.add(frame, time_s, view.x * 0.5)
        for actor in self.actors:
            if not actor.floats and not actor.sprite.sinks:
                mask, matrix, left = actor.shadow(index, view, self.height)
                lay_shadow(frame, mask, matrix, self.shade * left)
        for actor in self.actors:
            image, matrix = actor.image(index, view, self.height)
            self._lay_string(frame, actor, index, view)
            lay_sprite(frame, image, matrix, float(actor.show.opacity[index]))
        lay_backdrop(frame, self.before, view, time_s)
        for veil in self.veils:
            if veil.in_front:
                veil.add(frame, time_s, view.x * 0.8)
        lay_slate(frame, self.slate)
        finished = cv2.cvtColor(frame, cv2.COLOR_RGBA2RGB)
        if self.opening is not None:
            finished = self.opening.blend(finished, time_s)
        if self.closing is not None:
            finished = self.closing.blend(finished, float(self.times[-1]) - time_s)
        return finished

    def _lay_string(self, frame: Pixels, actor: Actor, index: int, view: View) -> None:
        """A slack line from a held kite to whoever holds it, under both."""
        holder = next((other for other in self.actors if other.part.reference == actor.part.held_by), None)
        if holder is None or not actor.part.stringed:
            return
        start = np.array(actor.tie(index, view, self.height))
        end = np.array(holder.tie(index, view, self.height))
        t = np.linspace(0, 1, 17)[:, None]
        sag = np.array([0.0, 0.06 * self.height]) * 4 * t * (1 - t)
        line = np.rint((start + (end - start) * t + sag) * 16).astype(np.int32)
        thick = max(1, round(self.height / 420))
        cv2.polylines(frame, [line], False, (*self.thread, 255.0), thick, cv2.LINE_AA, 4)


def _style_ramp(request: ClipRequest) -> tuple[tuple[float, float, float], ...]:
    picture = next((r for r in request.references if r.role is Role.STYLE), None)
    return () if picture is None else picture_ramp(read_picture(picture.cutout))


def _cast(
    request: ClipRequest, direction: Direction, palette: Palette, rng: np.random.Generator
) -> tuple[Direction, list[Sprite]]:
    """The sprites of all parts; a part whose picture is empty is left out of the direction."""
    parts, sprites = [], []
    for part in direction.parts:
        sprite = cut_sprite(
            read_picture(request.references[part.reference].cutout),
            height_px=round(request.height * 1.15),
            width_px=round(request.width * 1.15),
            stands=part.element in ("ground", "water"),
            light_from=palette.light.lamp_at[0] * 2 - 1,
            rng=rng,
        )
        if sprite is not None:
            parts.append(part)
            sprites.append(sprite)
    return direction.recast(tuple(parts)), sprites


def _rehearse(
    direction: Direction, sprites: list[Sprite], times: Floats, aspect: float, rng: np.random.Generator
) -> tuple[list[Actor], Floats | None]:
    """The actors with their paths, and how far a following camera has gone [F], if it follows."""
    marks = place(direction, sprites, aspect)
    shows = [
        perform(part.verbs, times, airborne=part.element in ("air", "deep"), phase=float(rng.random()))
        for part in direction.parts
    ]
    scroll = None
    if direction.travels and not {Move.STATIC, Move.PAN_LEFT, Move.PAN_RIGHT} & set(direction.moves):
        lead = max(shows, key=lambda show: float(show.travel[-1]))
        scroll = direction.heading * (lead.travel - lead.travel[0])
    actors = [
        Actor(
            sprite=sprite,
            part=part,
            mark=mark,
            show=show,
            path=walk_path(part, mark, show, scroll, aspect=aspect, width=mark.height * sprite.ratio),
            floats=part.element in ("air", "deep"),
        )
        for part, sprite, mark, show in zip(direction.parts, sprites, marks, shows, strict=True)
    ]
    return actors, scroll


def _framing(actors: list[Actor], aspect: float, *, close: bool) -> Framing:
    """What a zoom closes in on: all subjects, or in a close-up the first alone."""
    boxes = [
        actor.mark.box(actor.sprite.ratio, centred=actor.floats) for actor in actors[: 1 if close else None]
    ]
    if not boxes:
        return frame_up((aspect * 0.3, 0.3, aspect * 0.7, 0.8), aspect)
    left, top, right, bottom = zip(*boxes, strict=True)
    return frame_up((min(left), min(top), max(right), max(bottom)), aspect)


def _layers(
    request: ClipRequest, direction: Direction, palette: Palette, rng: np.random.Generator
) -> tuple[Layer, ...]:
    aspect = request.width / request.height
    scale = request.height * float(request.parameters["supersampling"])
    easel = Easel(palette, rng, weather=direction.weather, aspect=aspect, scale=scale)
    picture = next((r for r in request.references if r.role is Role.BACKGROUND), None)
    if picture is not None:
        return (picture_layer(read_picture(picture.cutout), aspect=aspect, scale=scale),)
    return paint_scenery(direction.setting, easel)


def _melt(
    request: ClipRequest, picture: Path | None, focus: tuple[float, float], rng: np.random.Generator
) -> Melt | None:
    return None if picture is None else Melt(read_end(request, picture), focus, rng)

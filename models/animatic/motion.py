"""Motion: a part's verbs, acted out one after another over the clip's frames, all frames at once."""

import numpy as np

from models.animatic.acts import ACTS, SPEEDS
from models.animatic.camera import Floats, ease
from models.animatic.performance import Beat, Performance
from models.animatic.words import Verb

BLEND_S = 0.45  # one verb melts into the next over this long


def perform(verbs: tuple[Verb, ...], times: Floats, *, airborne: bool, phase: float) -> Performance:
    """Act out the verbs one after another over frames at `times` [F] seconds."""
    none = np.zeros_like(times)
    show = Performance(
        travel=none.copy(),
        lift=none.copy(),
        nearness=none + 1,
        angle=none.copy(),
        lean=none.copy(),
        stretch=none + 1,
        turn=none.copy(),
        opacity=none + 1,
    )
    length = max(float(times[-1]), 0.5) / len(verbs)
    for k, verb in enumerate(verbs):
        time = times - k * length
        beat = Beat(
            time=time,
            share=np.clip(time / length, 0, 1),
            presence=_presence(time, length, first=k == 0, last=k == len(verbs) - 1),
            length_s=length,
            phase=phase,
            airborne=airborne,
            first=k == 0,
        )
        _breathe(show, beat)
        ACTS[verb](show, beat)
        if verb in SPEEDS:
            pace = SPEEDS[verb] * beat.presence
            steps = np.diff(times, prepend=times[0])
            show.travel += np.cumsum(pace * steps)
    return show


def _presence(time: Floats, length: float, *, first: bool, last: bool) -> Floats:
    blend = min(BLEND_S, length * 0.5)
    on = np.ones_like(time) if first else ease(time / blend + 0.5)
    off = np.zeros_like(time) if last else ease((time - length) / blend + 0.5)
    return on * (1 - off)


def _breathe(show: Performance, beat: Beat) -> None:
    if beat.airborne:
        show.lift += beat.presence * 0.012 * beat.wave(0.33)
        show.angle += beat.presence * 0.025 * beat.wave(0.27, 0.2)
    else:
        show.stretch += beat.presence * 0.007 * beat.wave(0.42)

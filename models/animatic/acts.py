"""Acting: what each verb does to a cut-out.

A verb has two halves. Its way is where it takes the subject and stays when it is over (a rise stays up); its
life is what it does meanwhile (a gait bobs) and fades when the next verb begins.
"""

from collections.abc import Callable, Mapping

import numpy as np

from models.animatic.camera import Floats, ease
from models.animatic.performance import Beat, Performance
from models.animatic.words import Verb

SPEEDS: Mapping[Verb, float] = {  # units a second
    Verb.WALK: 0.20,
    Verb.RUN: 0.52,
    Verb.FLY: 0.42,
    Verb.SWIM: 0.26,
    Verb.ROLL: 0.36,
    Verb.SLIDE: 0.46,
}


def _idle(show: Performance, beat: Beat) -> None:
    if not beat.airborne:
        show.lean += beat.presence * 0.012 * beat.wave(0.19, 0.3)


def _gait(show: Performance, beat: Beat, rate: float, bob: float, rock: float, lean: float) -> None:
    step = np.abs(beat.wave(rate / 2))
    show.lift += beat.presence * bob * step**0.8
    show.stretch += beat.presence * (bob * 0.9) * (step - 0.55)
    show.angle += beat.presence * (lean + rock * beat.wave(rate / 2, 0.13))
    show.lean += beat.presence * lean * 0.6


def _walk(show: Performance, beat: Beat) -> None:
    _gait(show, beat, 1.9, 0.010, 0.030, 0.015)


def _run(show: Performance, beat: Beat) -> None:
    _gait(show, beat, 3.0, 0.034, 0.060, 0.055)


def _jump(show: Performance, beat: Beat) -> None:
    _hops(show, beat, beats_s=1.15, height=0.22)


def _bounce(show: Performance, beat: Beat) -> None:
    _hops(show, beat, beats_s=0.62, height=0.085)


def _hops(show: Performance, beat: Beat, beats_s: float, height: float) -> None:
    """Crouch, leap, hang, land, give way: as many whole hops as there is time for."""
    number = max(1, round(beat.length_s / beats_s))
    place = np.where(beat.share < 1, beat.share * number % 1.0, 0.0)
    air = np.clip((place - 0.26) / 0.50, 0, 1)
    crouch = np.sin(np.pi * np.clip(place / 0.26, 0, 1)) ** 2
    land = np.sin(np.pi * np.clip((place - 0.76) / 0.24, 0, 1)) ** 2
    show.lift += height * 4 * air * (1 - air)
    flight = np.sin(np.pi * air)
    show.stretch += -0.13 * crouch - 0.10 * land + 0.07 * flight * np.abs(1 - 2 * air)
    show.angle += 0.07 * np.sin(2 * np.pi * air) * -1


def _fly(show: Performance, beat: Beat) -> None:
    show.lift += beat.presence * (0.045 * beat.wave(0.38) + 0.012 * beat.wave(0.93))
    show.angle += beat.presence * (0.05 + 0.07 * beat.wave(0.38, 0.25))


def _float(show: Performance, beat: Beat) -> None:
    show.lift += beat.presence * 0.032 * beat.wave(0.30)
    show.angle += beat.presence * 0.07 * beat.wave(0.23, 0.1)


def _fall(show: Performance, beat: Beat) -> None:
    fallen = np.clip(beat.share / 0.55, 0, 1)
    height = 0.66 * (1 - fallen**2)
    after = np.clip((beat.share - 0.55) / 0.25, 0, 1)
    bounce = 0.09 * 4 * after * (1 - after)
    show.lift += (
        (height + bounce) if beat.first else (0.35 * np.sin(np.pi * fallen) + bounce) * (beat.time > 0)
    )
    show.angle += 0.5 * (1 - fallen) * np.sin(fallen * 7) * (beat.time > 0 if not beat.first else 1)
    hit = np.exp(-np.clip(beat.time - 0.55 * beat.length_s, 0, None) * 9) * (fallen >= 1)
    show.stretch -= 0.20 * hit


def _turn(show: Performance, beat: Beat) -> None:
    rounds = max(1, round(beat.length_s / 2.4))
    show.turn += 2 * np.pi * rounds * ease(beat.share / 0.92)
    show.lift += 0.012 * np.sin(np.pi * beat.share)


def _wave(show: Performance, beat: Beat) -> None:
    rhythm = np.sin(np.pi * np.clip(beat.share * 1.1, 0, 1)) ** 0.5
    show.angle += beat.presence * rhythm * 0.085 * beat.wave(1.5)
    show.lift += beat.presence * rhythm * 0.008 * np.abs(beat.wave(1.5, 0.25))
    show.stretch += beat.presence * rhythm * 0.02 * beat.wave(3.0)


def _approach(show: Performance, beat: Beat) -> None:
    show.nearness *= 0.42 + 0.68 * ease(beat.share / 0.9)
    moving = 1 - ease((beat.share - 0.75) / 0.2)
    if not beat.airborne:
        _gait(show, _dimmed(beat, moving), 2.2, 0.016, 0.035, 0.0)


def _leave(show: Performance, beat: Beat) -> None:
    show.nearness *= 1 - 0.62 * ease(beat.share)
    if not beat.airborne:
        _gait(show, _dimmed(beat, ease(beat.share / 0.15)), 2.2, 0.016, 0.035, 0.0)


def _dimmed(beat: Beat, by: Floats) -> Beat:
    return Beat(
        beat.time, beat.share, beat.presence * by, beat.length_s, beat.phase, beat.airborne, beat.first
    )


def _dance(show: Performance, beat: Beat) -> None:
    show.angle += beat.presence * 0.12 * beat.wave(0.95)
    show.lean += beat.presence * -0.07 * beat.wave(0.95, 0.08)
    show.lift += beat.presence * 0.030 * np.abs(beat.wave(0.95, 0.25))
    show.stretch += beat.presence * 0.04 * beat.wave(1.9, 0.1)


def _stop(show: Performance, beat: Beat) -> None:
    """Come running in if the scene opens with it; then lean back against the haste and settle."""
    arrival = 0.45 * beat.length_s if beat.first else 0.0
    if beat.first:
        done = np.clip(beat.time / arrival, 0, 1)
        show.travel += -0.42 * (1 - done) ** 2
        _gait(show, _dimmed(beat, 1 - ease((done - 0.55) / 0.45)), 2.8, 0.028, 0.05, 0.045)
    after = np.clip(beat.time - arrival, 0, None)
    settle = np.exp(-after * 3.6) * np.cos(after * 9) * (1 - np.exp(-after * 14)) * (beat.time >= 0)
    show.lean += -0.16 * settle
    show.stretch += -0.05 * settle


def _look(show: Performance, beat: Beat) -> None:
    show.lean += beat.presence * 0.04 * np.tanh(2.2 * beat.wave(0.32))
    show.angle += beat.presence * 0.02 * np.tanh(2.2 * beat.wave(0.32))


def _look_up(show: Performance, beat: Beat) -> None:
    raised = ease(beat.share / 0.45) * beat.presence
    show.angle -= 0.10 * raised
    show.stretch += 0.025 * raised


def _swim(show: Performance, beat: Beat) -> None:
    show.lift += beat.presence * 0.020 * beat.wave(0.5)
    show.angle += beat.presence * 0.06 * beat.wave(0.5, 0.25)
    show.lean += beat.presence * 0.03 * beat.wave(1.0)


def _roll(show: Performance, beat: Beat) -> None:
    # A wheel that does not skid: once round for its own circumference.
    show.angle += (
        np.cumsum(np.diff(beat.time, prepend=beat.time[0]) * beat.presence) * SPEEDS[Verb.ROLL] * 4.2
    )


def _slide(show: Performance, beat: Beat) -> None:
    show.angle += beat.presence * (-0.05 + 0.015 * beat.wave(0.6))
    show.lean += beat.presence * -0.05


def _rise(show: Performance, beat: Beat) -> None:
    show.lift += 0.30 * ease(beat.share / 0.9)
    show.stretch += 0.05 * np.sin(np.pi * np.clip(beat.share / 0.5, 0, 1)) * beat.presence


def _shake(show: Performance, beat: Beat) -> None:
    burst = 0.55 + 0.45 * beat.wave(0.4)
    show.angle += beat.presence * burst * 0.022 * beat.wave(5.2)
    show.lean += beat.presence * burst * 0.02 * beat.wave(5.2, 0.3)


def _nod(show: Performance, beat: Beat) -> None:
    dip = np.clip(beat.wave(0.62), 0, 1) ** 1.4
    show.angle += beat.presence * 0.11 * dip
    show.stretch -= beat.presence * 0.03 * dip


def _grow(show: Performance, beat: Beat) -> None:
    grown = ease(beat.share / 0.7)
    show.stretch += 0.06 * np.sin(np.pi * np.clip((beat.share - 0.5) / 0.4, 0, 1))
    show.nearness *= 0.35 + 0.65 * grown


def _sleep(show: Performance, beat: Beat) -> None:
    show.stretch += beat.presence * (0.028 * beat.wave(0.24) - 0.03)


def _peek(show: Performance, beat: Beat) -> None:
    up = 1 - np.exp(-beat.share * 11) * np.cos(beat.share * 16)
    down = ease((beat.share - 0.86) / 0.14) * 0.25
    show.lift -= 0.30 * (1 - np.clip(up, -0.1, 1.15)) + 0.30 * down


ACTS: Mapping[Verb, Callable[[Performance, Beat], None]] = {
    Verb.IDLE: _idle,
    Verb.WALK: _walk,
    Verb.RUN: _run,
    Verb.JUMP: _jump,
    Verb.BOUNCE: _bounce,
    Verb.FLY: _fly,
    Verb.FLOAT: _float,
    Verb.FALL: _fall,
    Verb.TURN: _turn,
    Verb.WAVE: _wave,
    Verb.APPROACH: _approach,
    Verb.LEAVE: _leave,
    Verb.DANCE: _dance,
    Verb.STOP: _stop,
    Verb.LOOK: _look,
    Verb.LOOK_UP: _look_up,
    Verb.SWIM: _swim,
    Verb.ROLL: _roll,
    Verb.SLIDE: _slide,
    Verb.RISE: _rise,
    Verb.SHAKE: _shake,
    Verb.NOD: _nod,
    Verb.GROW: _grow,
    Verb.SLEEP: _sleep,
    Verb.PEEK: _peek,
}

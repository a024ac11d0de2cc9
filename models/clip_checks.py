"""A request held against an engine's description before any weight is loaded; nothing is quietly ignored."""

from reelhouse.capabilities import EngineSpec
from reelhouse.clips import ClipRequest
from reelhouse.errors import EngineError


def check_request(spec: EngineSpec, request: ClipRequest) -> None:
    """Refuse what the engine was not trained for, unless that is asked on purpose, or would not look at.

    Raises:
        EngineError: the message lists what is wrong and what the engine takes.
    """
    problems = [*_shape_problems(spec, request), *_picture_problems(spec, request)]
    wanted = set(next(iter(spec.presets.values())))
    given = set(request.parameters)
    if given != wanted:
        problems.append(
            f"parameters {', '.join(sorted(given ^ wanted))} are missing or not {spec.name}'s own"
        )
    if problems:
        raise EngineError(f"scene {request.scene}: {spec.name} cannot make this clip: {'; '.join(problems)}")


def _shape_problems(spec: EngineSpec, request: ClipRequest) -> list[str]:
    problems: list[str] = []
    sizes, counts = spec.sizes, spec.frame_counts
    if request.untrained:
        if not sizes.possible(width=request.width, height=request.height):
            problems.append(f"it can make {sizes.rule}, not {request.width}x{request.height}")
        if not counts.possible(request.num_frames):
            rule = f"{counts.minimum} frames and more in steps of {counts.step}"
            problems.append(f"it can make {rule}, not {request.num_frames}")
        return problems
    if not sizes.allows(width=request.width, height=request.height):
        problems.append(f"it makes {sizes}, not {request.width}x{request.height}")
    if request.num_frames not in counts:
        bounds = (
            f"{counts.minimum} frames"
            if counts.minimum == counts.maximum
            else f"{counts.minimum} to {counts.maximum} frames in steps of {counts.step}"
        )
        problems.append(f"it makes {bounds}, not {request.num_frames}")
    if not spec.has_rate(request.frame_rate):
        rates = " or ".join(map(str, spec.frame_rates))
        problems.append(f"it was trained at {rates} frames a second, not {request.frame_rate}")
    return problems


def _picture_problems(spec: EngineSpec, request: ClipRequest) -> list[str]:
    problems: list[str] = []
    fewest, most = spec.references
    if not fewest <= len(request.references) <= most:
        problems.append(f"it takes {fewest} to {most} reference images, not {len(request.references)}")
    if request.first_frame is not None and not spec.takes_first_frame:
        problems.append("it cannot start from a given frame: use seam: cut")
    if request.last_frame is not None and not spec.takes_last_frame:
        problems.append(
            "it cannot end on a given frame: use an engine that bridges, such as wan-flf2v-14b-720p"
        )
    if request.overlap is not None and not spec.takes_overlap:
        problems.append("it cannot begin with the frames of another take")
    return problems

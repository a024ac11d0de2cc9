"""One sampler step raced arm against arm: the same input, taken in turns, so that a warm card favours nobody.

The arms add one thing at a time: the reference, another program's network where a checkout is given,
diffusers as it comes, the attention kernel chosen for the card, compiled blocks, shared work, and the parity
mode. All of them hold the same rounded weights. On a CPU it runs the same way; its times then mean nothing.
"""

import gc
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from torch.nn.attention import SDPBackend, sdpa_kernel

from models import kernels, wan_vae
from models.kernels import Kernels
from models.numerics import Mode, denoiser
from models.phantom.guidance import three_passes
from models.wan_models import Sizes

from .external import load_external
from .reference import Reference
from .workload import Clip, Workload, flops, random_transformer, twin

WARM_UPS = 2
_SIDE = 8192
Predict = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, slots=True)
class Course:
    """What is raced.

    Attributes:
        dtype: of products.
        steps: timed steps an arm, after two warm-ups.
        kernels, compiler: as `kernels.install` takes them.
        checkout: another program's source, or None.
    """

    clip: Clip
    sizes: Sizes
    device: torch.device
    dtype: torch.dtype
    steps: int
    kernels: Kernels
    compiler: Any
    checkout: Path | None


@dataclass(slots=True)
class Arm:
    """One way to make a step, and what was seen of it.

    Attributes:
        seconds: of each timed step.
        activations: bytes at the peak of a step beyond those allocated before it.
        flow: its first prediction, the clip's own frames.
    """

    name: str
    predict: Predict
    seconds: list[float] = field(default_factory=list)
    activations: int = 0
    flow: torch.Tensor | None = None


def race(course: Course) -> dict[str, Any]:
    """Run every arm that fits the memory and return its figures; seconds are of a step of three passes."""
    with ExitStack() as stack:
        arms, left_out = _arms(course, stack)
        work = Workload.draw(course.clip, course.sizes, device=course.device)
        for turn in range(WARM_UPS + course.steps):
            for arm in arms:
                _take_turn(arm, course, work, timed=turn >= WARM_UPS)
        first = arms[0].flow
        assert first is not None
        rows = {arm.name: _figures(arm, first, course) for arm in arms}
    return {"arms": rows, "left_out": left_out, "flop_per_step": 3 * flops(course.clip, course.sizes)}


def _arms(course: Course, stack: ExitStack) -> tuple[list[Arm], dict[str, str]]:
    """Build the arms from the slowest on; float32 ones only where they leave room for the rest."""
    sizes, device, dtype = course.sizes, course.device, course.dtype
    ours = random_transformer(sizes, device=device, mode="exact", dtype=dtype)
    arms, left_out = [], {}
    if not _fits(ours, device):
        left_out["reference"] = "float32 weights do not fit beside ours; take a card with 141 GB"
    else:
        plain = random_transformer(sizes, device=device, mode=None, dtype=dtype)
        slow: dict[str, Predict] = {"reference": Reference(plain, dtype)}
        if course.checkout is not None:
            slow["external"] = load_external(course.checkout, sizes, plain, dtype=dtype)
        arms += [Arm(name, predict) for name, predict in slow.items()]
        if course.kernels.attention_backend == "_native_cudnn":
            # So that a better kernel and better engineering are two numbers.
            arms += [Arm(f"{name}, cuDNN", _with_cudnn(predict)) for name, predict in slow.items()]

    def held(mode: Mode, chosen: Kernels) -> WanTransformer3DModel:
        model = twin(ours, sizes, mode=mode, dtype=dtype)
        kernels.install(chosen, model, compiler=course.compiler)
        return model

    backend, compiled = course.kernels.attention_backend, course.kernels
    arms.append(Arm("diffusers eager", _as_it_comes(held("exact", Kernels("native", False)))))
    if backend != "native":
        arms.append(Arm(f"+ {backend}", _as_it_comes(held("exact", Kernels(backend, False)))))
    if compiled.compiles_blocks:
        arms.append(Arm("+ compiled blocks", _as_it_comes(held("exact", compiled))))
    unread = course.clip.references
    last: tuple[tuple[str, Mode], ...] = (("+ shared work", "exact"), ("parity mode", "parity"))
    for name, mode in last:
        model = held(mode, compiled)
        arms.append(Arm(name, stack.enter_context(denoiser(model, mode, unread_frames=unread))))
    return arms, left_out


def _fits(ours: WanTransformer3DModel, device: torch.device) -> bool:
    """Whether a float32 copy, its casts and the activations of a step fit beside the bfloat16 weights."""
    if device.type != "cuda":
        return True
    size = sum(parameter.numel() for parameter in ours.parameters())
    free, _ = torch.cuda.mem_get_info(device)
    return free > 4 * size + 2 * size // 10 + 12e9


def _with_cudnn(predict: Predict) -> Predict:
    def through(latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
            return predict(latents, timestep, text)

    return through


def _as_it_comes(model: WanTransformer3DModel) -> Predict:
    def predict(latents: torch.Tensor, timestep: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
        dtype = model.patch_embedding.weight.dtype
        with torch.no_grad():
            (flow,) = model(latents.to(dtype), timestep.expand(1), text.to(dtype), return_dict=False)
        return flow.float()

    return predict


def _take_turn(arm: Arm, course: Course, work: Workload, *, timed: bool) -> None:
    device = course.device
    before = _reset_peak(device)
    step = _Stopwatch(device)
    flows = three_passes(arm.predict, work.latents, work.timestep, work.conditions)  # pyright: ignore[reportArgumentType] -- anything that predicts
    seconds = step.stop()
    if not all(bool(torch.isfinite(flow).all()) for flow in (flows.pos_it, flows.pos_i, flows.neg)):
        raise ArithmeticError(f"{arm.name}: the prediction is no number; nothing timed on it would hold")
    if timed:
        arm.seconds.append(seconds)
        arm.activations = max(arm.activations, _peak(device) - before)
        arm.flow = flows.pos_it[:, :, : course.clip.frames]


def _figures(arm: Arm, first: torch.Tensor, course: Course) -> dict[str, float]:
    assert arm.flow is not None
    median = statistics.median(arm.seconds)
    return {
        "s_per_step": median,
        "spread": (max(arm.seconds) - min(arm.seconds)) / median,
        "tflop_per_s": 3 * flops(course.clip, course.sizes) / median / 1e12,
        "error": float((arm.flow - first).norm() / first.norm()),
        "activation_gb": arm.activations / 1e9,
    }


def matmul_rate(device: torch.device, dtype: torch.dtype, *, side: int = _SIDE) -> float:
    """Return floating point operations a second of a square product, the best of ten: the card's ceiling."""
    source = torch.Generator(device).manual_seed(0)
    left, right = (torch.randn(side, side, device=device, generator=source).to(dtype) for _ in range(2))
    times = []
    for _ in range(10):
        watch = _Stopwatch(device)
        torch.matmul(left, right)
        times.append(watch.stop())
    return 2 * side**3 / min(times)


def decode_seconds(clip: Clip, device: torch.device, *, base_dim: int = 96) -> float:
    """Return seconds to decode a clip in float32, streamed, with random weights; the median of three."""
    torch.manual_seed(0)
    vae = AutoencoderKLWan(base_dim=base_dim).eval()
    vae.to(device)  # pyright: ignore[reportArgumentType] -- mistyped there
    latents = torch.randn(1, 16, clip.frames, clip.height, clip.width, device=device)
    times = []
    for _ in range(4):
        watch = _Stopwatch(device)
        for video in wan_vae.stream_video(vae, latents):
            wan_vae.frames_of(video)
        times.append(watch.stop())
    return statistics.median(times[1:])


class _Stopwatch:
    """Seconds between here and `stop`: by the GPU's own events, or by the clock where there is no GPU."""

    def __init__(self, device: torch.device) -> None:
        self._on_gpu = device.type == "cuda"
        self._began = time.perf_counter()
        if self._on_gpu:
            self._events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
            torch.cuda.synchronize()
            self._events[0].record()

    def stop(self) -> float:
        if not self._on_gpu:
            return time.perf_counter() - self._began
        self._events[1].record()
        torch.cuda.synchronize()
        return self._events[0].elapsed_time(self._events[1]) / 1e3


def _reset_peak(device: torch.device) -> int:
    """Forget the peak and return the bytes allocated now."""
    if device.type != "cuda":
        return 0
    gc.collect()
    torch.cuda.reset_peak_memory_stats(device)
    return torch.cuda.memory_allocated(device)


def _peak(device: torch.device) -> int:
    return torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0

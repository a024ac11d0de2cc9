"""What a clip makes the networks do, counted on tiny random weights of the real classes.

Times on shared cores are noise at this size; counts are not, and neither is whether two answers are one.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from PIL import Image
from torch import nn

from models.catalog import engine_spec, open_engine
from models.engine import Frames, Sampled
from models.numerics import MODES, Mode, denoiser
from models.phantom.guidance import three_passes
from models.tiny_checkpoints import write_tiny_checkpoint
from reelhouse.clips import ClipRequest, Reference, Role

from . import reference
from .workload import TINY, Clip, Workload, random_transformer

CPU = torch.device("cpu")
CLIP = Clip(frames=3, references=2, height=8, width=12)
STEPS = 3
_LAYERS = {
    "DiT block executions": "ffn",
    "self-attention calls": "attn1.to_q",
    "text K/V projections": "attn2.to_k",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A clip to make: its words, its pictures by seed, and the seed of its noise."""

    prompt: str
    pictures: tuple[int, ...]
    seed: int


def tiny(mode: Mode, dtype: torch.dtype = torch.float32) -> WanTransformer3DModel:
    """The transformer that is counted; held float32 it is the reference's too."""
    return random_transformer(TINY, device=CPU, mode=mode, dtype=dtype, deviation=0.2)


def step_counts() -> dict[str, dict[str, int]]:
    """Count three steps of one clip, done the reference's way and ours."""
    model = tiny("parity")
    work = Workload.draw(CLIP, TINY, device=CPU)
    timesteps = torch.tensor([999, 937, 500])
    counted = {}
    with _watched(model) as counts:
        plain = reference.Reference(model, torch.float32)
        for timestep in timesteps:
            _passes(plain, work, timestep)
        counted["reference"] = dict(counts)
    with _watched(model) as counts, denoiser(model, "parity", unread_frames=CLIP.references) as ours:
        for timestep in timesteps:
            _passes(ours, work, timestep)
        counted["ours"] = dict(counts)
    return counted


def differences() -> dict[str, float]:
    """Return the largest absolute difference of float32 predictions from the reference's, by mode."""
    work = Workload.draw(CLIP, TINY, device=CPU)
    wanted = _passes(reference.Reference(tiny("parity"), torch.float32), work, work.timestep)
    found = {}
    for mode in MODES:
        with denoiser(tiny(mode), mode, unread_frames=CLIP.references) as ours:
            found[mode] = float((_passes(ours, work, work.timestep) - wanted).abs().max())
    return found


def equalities() -> dict[str, bool]:
    """Whether each exact saving leaves every bit of what is read, in both modes and dtypes."""
    savings = {
        "shared first self-attention and text": (True, 0),
        "unread rows left out": (False, CLIP.references),
        "both": (True, CLIP.references),
    }
    work, same = Workload.draw(CLIP, TINY, device=CPU), dict.fromkeys(savings, True)
    for mode in MODES:
        for dtype in (torch.float32, torch.bfloat16):
            model = tiny(mode, dtype)
            with denoiser(model, mode, shares=False) as plain:
                wanted = _passes(plain, work, work.timestep)
            for name, (shares, unread) in savings.items():
                with denoiser(model, mode, shares=shares, unread_frames=unread) as saving:
                    same[name] &= torch.equal(_passes(saving, work, work.timestep), wanted)
    return same


def film_counts() -> dict[str, int]:
    """Count what the engine encodes for three scenes with two subjects, and one retaken with another seed."""
    scenes = (
        Scene("a fox runs", (1, 2), 1),
        Scene("a fox sleeps", (2, 1), 2),
        Scene("a fox jumps", (1,), 3),
        Scene("a fox runs", (1, 2), 4),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tiny_checkpoint("phantom-1.3b", folder / "phantom-1.3b", seed=1)
        engine = open_engine("phantom-1.3b", folder, device="cpu")
        # Loading fits the previews to the VAE, which encodes pictures of its own.
        list(engine.generate(_request(Scene("warm", (9,), 0), folder, negative="unlike")))
        to_host = 0
        with _calls("UMT5EncoderModel", "WanEncoder3d", "WanTransformerBlock") as calls:
            for scene in scenes:
                for event in engine.generate(_request(scene, folder, negative="blur")):
                    if isinstance(event, Frames):
                        to_host += event.frames.nbytes
                    elif isinstance(event, Sampled) and event.preview is not None:
                        to_host += event.preview.nbytes
    return {
        "scenes": len(scenes),
        "unique texts": len({scene.prompt for scene in scenes}) + 1,
        "text encoder calls": calls["UMT5EncoderModel"],
        "unique pictures": len({seed for scene in scenes for seed in scene.pictures}),
        "VAE encodes": calls["WanEncoder3d"],
        "DiT block executions": calls["WanTransformerBlock"],
        "bytes to host": to_host,
    }


def _passes(
    predict: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor],
    work: Workload,
    timestep: torch.Tensor,
) -> torch.Tensor:
    """The three predictions of the clip's own frames, [3, 16, F, H, W]."""
    flows = three_passes(predict, work.latents, timestep, work.conditions)  # pyright: ignore[reportArgumentType] -- anything that predicts
    return torch.cat((flows.pos_it, flows.pos_i, flows.neg))[:, :, : CLIP.frames]


@contextmanager
def _watched(model: WanTransformer3DModel) -> Iterator[Counter[str]]:
    """Count calls of a transformer's layers, rows of its last block, and bytes kept from pass to pass."""
    counts: Counter[str] = Counter()
    handles = []

    def watch(path: str, note: Callable[[torch.Tensor], dict[str, int]]) -> None:
        handle = model.get_submodule(path).register_forward_hook(
            lambda _module, _inputs, output: counts.update(note(output))
        )
        handles.append(handle)

    def once(name: str) -> Callable[[torch.Tensor], dict[str, int]]:
        return lambda _: {name: 1}

    for number in range(len(model.blocks)):
        for name, path in _LAYERS.items():
            watch(f"blocks.{number}.{path}", once(name))
        for path in ("attn2.to_k", "attn2.to_v"):
            watch(f"blocks.{number}.{path}", lambda output: {"bytes of text K/V": output.nbytes})
    last = len(model.blocks) - 1
    watch(f"blocks.{last}.ffn", lambda output: {"rows of the last feed-forward": output.shape[1]})
    watch("condition_embedder.text_embedder", once("text-embedder calls"))
    try:
        yield counts
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _calls(*names: str) -> Iterator[Counter[str]]:
    """Count calls of modules by the name of their class, wherever they are."""
    calls: Counter[str] = Counter()

    def note(module: nn.Module, _inputs: object) -> None:
        if type(module).__name__ in names:
            calls[type(module).__name__] += 1

    handle = nn.modules.module.register_module_forward_pre_hook(note)
    try:
        yield calls
    finally:
        handle.remove()


def _request(scene: Scene, folder: Path, *, negative: str) -> ClipRequest:
    spec = engine_spec("phantom-1.3b", folder)
    return ClipRequest(
        scene="bench",
        prompt=scene.prompt,
        negative_prompt=negative,
        action=scene.prompt,
        style="",
        camera="",
        references=tuple(_picture(folder, seed) for seed in scene.pictures),
        num_frames=spec.frame_counts.minimum,
        frame_rate=spec.frame_rates[0],
        height=64,
        width=64,
        seed=scene.seed,
        first_frame=None,
        last_frame=None,
        parameters=spec.presets["standard"],
    )


def _picture(folder: Path, seed: int) -> Reference:
    path = folder / f"{seed}.png"
    levels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(levels).save(path)
    return Reference(f"subject{seed}", Role.SUBJECT, "a subject", path, path)

"""GPU memory: what a clip needs, the ways to place a model's networks, and the fastest way that fits a card.

All of it is arithmetic on bytes. It knows no engine, no storyboard and no GPU. The ladder of placements, its
order and the margin are explained in docs/memory.md.
"""

import re
from dataclasses import dataclass
from itertools import product

GIGABYTE = 1_000_000_000
COMMON_CARDS = tuple(size * GIGABYTE for size in (8, 12, 16, 24, 48, 80, 141))
# CUDA's own context, cuBLAS's workspace and the kernels' code: an estimate.
CONTEXT_BYTES = 600_000_000
# Of the activations, for memory that the allocator cannot join and the convolutions' workspace: an estimate.
_FRAGMENTED = 0.1
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(GB|GiB)\s*", re.ASCII)
_UNIT = {"GB": GIGABYTE, "GiB": 1 << 30}


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one clip needs on a GPU, in bytes.

    Attributes:
        transformer: the denoiser's weights, and what it keeps of the texts while they stay on the GPU.
        offloaded: of it, what is there at once while its blocks come and go.
        encoder: the text encoder, or the image encoder of a model that reads no words.
        others: the VAE and all that stays on the GPU.
        denoising: activations of one step.
        decoding: activations of making frames.
        tiled_decoding: the same in tiles; None if the decoder knows none.
    """

    transformer: int
    offloaded: int
    encoder: int
    others: int
    denoising: int
    decoding: int
    tiled_decoding: int | None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a model's networks are while a clip is made.

    Attributes:
        encoder_on_cpu: the text encoder stays on the CPU and reads there.
        blocks_offloaded: the denoiser's blocks stay on the CPU and come to the GPU when they are run.
        vae_tiled: frames are made in overlapping tiles.
    """

    encoder_on_cpu: bool = False
    blocks_offloaded: bool = False
    vae_tiled: bool = False

    def __str__(self) -> str:
        said = {
            "the text encoder on the CPU": self.encoder_on_cpu,
            "the transformer's blocks fetched as they run": self.blocks_offloaded,
            "pictures and frames in tiles": self.vae_tiled,
        }
        return ", ".join(words for words, true in said.items() if true) or "everything on the GPU"


# Fastest first, but tiles last: they alone change the frames visibly.
LADDER = tuple(
    Placement(encoder_on_cpu=encoder, blocks_offloaded=blocks, vae_tiled=tiled)
    for tiled, blocks, encoder in product((False, True), repeat=3)
)


@dataclass(frozen=True, slots=True)
class Card:
    """A GPU to plan for: its name, and the bytes that others leave free."""

    name: str
    free_bytes: int


def peak(footprint: Footprint, placement: Placement) -> int:
    """The most bytes of tensors that are on the GPU at once, without any margin.

    Raises:
        ValueError: tiles are asked of a decoder that knows none.
    """
    return max(held + activations for held, activations in _phases(footprint, placement))


def needed(footprint: Footprint, placement: Placement) -> int:
    """The bytes a card must have free: the peak, CUDA's own and a tenth of the activations.

    Raises:
        ValueError: as for `peak`.
    """
    phases = _phases(footprint, placement)
    return CONTEXT_BYTES + max(
        held + activations + round(activations * _FRAGMENTED) for held, activations in phases
    )


def placements(footprint: Footprint) -> tuple[Placement, ...]:
    """The rungs of the ladder that a model has."""
    return tuple(rung for rung in LADDER if not rung.vae_tiled or footprint.tiled_decoding is not None)


def place(footprint: Footprint, free_bytes: int) -> Placement | None:
    """The first placement that fits, or None."""
    fitting = (rung for rung in placements(footprint) if needed(footprint, rung) <= free_bytes)
    return next(fitting, None)


def thriftiest(footprint: Footprint) -> Placement:
    """The placement that needs least; of two alike, the faster."""
    return min(placements(footprint), key=lambda rung: needed(footprint, rung))


def parse_memory(text: str) -> int:
    """Bytes of "24GB" (of 10**9 bytes, as cards are sold) or "22.5 GiB".

    Raises:
        ValueError: not an amount of memory, or none.
    """
    match = _AMOUNT.fullmatch(text)
    size_bytes = int(float(match[1]) * _UNIT[match[2]]) if match else 0
    if size_bytes == 0:
        raise ValueError(f"an amount of memory such as 24GB or 22.5GiB is wanted, not {text!r}")
    return size_bytes


def gigabytes(size_bytes: int) -> str:
    """ "21.4 GB" for people."""
    return f"{size_bytes / GIGABYTE:.1f} GB"


def _phases(footprint: Footprint, placement: Placement) -> tuple[tuple[int, int], tuple[int, int]]:
    """(bytes held, bytes of activations) while denoising and while decoding.

    Encoding words or pictures needs less than either. Blocks that were fetched are gone before decoding.
    """
    decoding = footprint.tiled_decoding if placement.vae_tiled else footprint.decoding
    if decoding is None:
        raise ValueError("this decoder knows no tiles")
    held = footprint.others + (0 if placement.encoder_on_cpu else footprint.encoder)
    run, rest = (footprint.offloaded, 0) if placement.blocks_offloaded else (footprint.transformer,) * 2
    return (held + run, footprint.denoising), (held + rest, decoding)

"""Tiny checkpoints: complete folders of an engine's real classes with random weights, made in a second.

They load, are checked and run exactly as the published ones, and every clip they make is noise; a `tiny.json`
in the folder says so. Tokenizers are built in memory from the 256 bytes, so any words become distinct tokens.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import CLIPVisionConfig, PreTrainedTokenizerFast

from models.tiny_marker import mark_tiny
from reelhouse.errors import InputError

CLIP_SIDE = 28  # pixels of the square a tiny image encoder looks at
CLIP_TOKENS = (CLIP_SIDE // 14) ** 2 + 1
TEXT_WIDTH = 16
_SPECIAL = ("<pad>", "</s>", "<unk>")  # in T5's order


def write_tiny_checkpoint(engine_name: str, folder: Path, seed: int = 0) -> Path:
    """Write the checkpoint and return its folder; the same seed writes the same weights.

    Raises:
        InputError: there is no such engine, or the folder holds something already.
    """
    maker = _makers().get(engine_name)
    if maker is None:
        raise InputError(f'there is no tiny checkpoint for "{engine_name}": choose {", ".join(_makers())}')
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty: name a new folder for the tiny checkpoint")
    folder.mkdir(parents=True, exist_ok=True)
    # The global source is what the classes draw their weights from; it is left as it was found.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        maker(engine_name, folder)
    mark_tiny(folder, engine_name)
    return folder


def _makers() -> Mapping[str, Callable[[str, Path], None]]:
    """Each engine's maker; found when called, since the makers use what stands below."""
    from models.cogvideox.spec import SPECS as COGVIDEOX
    from models.cogvideox.tiny import write_cogvideox
    from models.phantom.spec import NETWORKS as PHANTOM
    from models.phantom.tiny import write_phantom
    from models.svd.spec import SPECS as SVD
    from models.svd.tiny import write_svd
    from models.wan.spec import SPECS as WAN
    from models.wan.tiny import write_wan

    return {
        **dict.fromkeys(PHANTOM, write_phantom),
        **dict.fromkeys(WAN, write_wan),
        **dict.fromkeys(SVD, write_svd),
        **dict.fromkeys(COGVIDEOX, write_cogvideox),
    }


def write_tokenizer(folder: Path) -> None:
    """Write a tokenizer in which every byte is a token and every text ends in `</s>`, as T5's do."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([*_SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="<unk>"))  # noqa: S106 -- no password
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", vocabulary["</s>"])]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",  # noqa: S106 -- no password
        eos_token="</s>",  # noqa: S106 -- no password
        unk_token="<unk>",  # noqa: S106 -- no password
    ).save_pretrained(folder)


def text_encoder_sizes() -> dict[str, Any]:
    """Return the config of a tiny T5 or UMT5 encoder for that tokenizer."""
    return {
        "vocab_size": len(_SPECIAL) + 256,
        "d_model": TEXT_WIDTH,
        "d_kv": 8,
        "d_ff": 32,
        "num_layers": 1,
        "num_heads": 2,
        "feed_forward_proj": "gated-gelu",
    }


def image_encoder_config(projection_dim: int = 16) -> CLIPVisionConfig:
    """Return the config of a tiny CLIP that looks at squares of `CLIP_SIDE` pixels."""
    return CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=32,
        projection_dim=projection_dim,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=CLIP_SIDE,
        patch_size=14,
    )


def write_image_processor(folder: Path, *, side: int) -> None:
    """Write what CLIP's image processor reads: resize, crop and normalise to a square."""
    folder.mkdir(parents=True)
    stated = {
        "image_processor_type": "CLIPImageProcessor",
        "size": {"shortest_edge": side},
        "crop_size": {"height": side, "width": side},
        "do_resize": True,
        "do_center_crop": True,
        "do_rescale": True,
        "do_normalize": True,
        "do_convert_rgb": True,
        "resample": 3,
        "rescale_factor": 1 / 255,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(stated, indent=2) + "\n")


def write_index(folder: Path, pipeline: str, parts: Mapping[str, tuple[str, str]]) -> None:
    """Write the `model_index.json`: each part's folder with its library and class."""
    index = {"_class_name": pipeline, **{part: list(names) for part, names in parts.items()}}
    (folder / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")

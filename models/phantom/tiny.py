"""A tiny random Phantom in the diffusers layout, for trying everything but pictures: its clips are noise.

The classes are the real ones and the folder is complete, so that loading, sampling, decoding and saving run
in a second on a CPU. The tokenizer is built in memory and knows a few hundred characters.
"""

from pathlib import Path

import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast, UMT5Config, UMT5EncoderModel

from models.phantom.pipeline import PhantomPipeline
from models.wan_sampler import make_scheduler

_WIDTH = 48  # of the transformer: three heads of 16, the narrowest that time, height and width can share
_TEXT_WIDTH = 32


def write_tiny_checkpoint(folder: Path, seed: int = 0) -> Path:
    """Write a whole checkpoint of about a million random weights and return its folder."""
    before = torch.random.get_rng_state()
    torch.manual_seed(seed)
    try:
        _pipeline().save_pretrained(folder)
    finally:
        torch.random.set_rng_state(before)
    return folder


def write_phantom(engine: str, folder: Path) -> None:
    """Write the tiny checkpoint of either Phantom: they differ in size only."""
    _pipeline().save_pretrained(folder)


def _pipeline() -> PhantomPipeline:
    tokenizer = _tokenizer()
    return PhantomPipeline(
        tokenizer=tokenizer,
        text_encoder=UMT5EncoderModel(
            UMT5Config(
                vocab_size=len(tokenizer),
                d_model=_TEXT_WIDTH,
                d_kv=8,
                d_ff=48,
                num_layers=2,
                num_heads=4,
                feed_forward_proj="gated-gelu",
            )
        ),
        transformer=WanTransformer3DModel(
            num_attention_heads=3,
            attention_head_dim=_WIDTH // 3,
            text_dim=_TEXT_WIDTH,
            freq_dim=32,
            ffn_dim=96,
            num_layers=2,
        ),
        vae=AutoencoderKLWan(base_dim=8),
        scheduler=make_scheduler(5.0),
    )


def _tokenizer() -> PreTrainedTokenizerFast:
    """One token a character of Latin script; everything else is unknown."""
    characters = [chr(code) for code in range(0x20, 0x180)]
    vocabulary = {token: number for number, token in enumerate(["<pad>", "</s>", "<unk>", *characters])}
    tokens = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))  # noqa: S106 -- a token of text
    tokens.pre_tokenizer = pre_tokenizers.Split("", "isolated")  # pyright: ignore[reportAttributeAccessIssue] -- settable there
    tokens.post_processor = processors.TemplateProcessing(  # pyright: ignore[reportAttributeAccessIssue] -- settable there
        single="$A </s>", special_tokens=[("</s>", vocabulary["</s>"])]
    )
    special = {"pad_token": "<pad>", "unk_token": "<unk>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=tokens, **special)

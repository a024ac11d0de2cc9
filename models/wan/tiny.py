"""Tiny Wan checkpoints: the real transformer, VAE, UMT5 and CLIP classes, with few random weights."""

from pathlib import Path

from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from transformers import CLIPVisionModel, UMT5Config, UMT5EncoderModel

from models.tiny_checkpoints import (
    CLIP_SIDE,
    CLIP_TOKENS,
    TEXT_WIDTH,
    image_encoder_config,
    text_encoder_sizes,
    write_image_processor,
    write_index,
    write_tokenizer,
)
from models.wan.spec import MODELS


def write_wan(engine_name: str, folder: Path) -> None:
    """Write the parts of one of the five; what tells them apart is as in the published ones."""
    model = MODELS[engine_name]
    image_encoder = image_encoder_config()
    WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=36 if model.pictures else 16,
        out_channels=16,
        text_dim=TEXT_WIDTH,
        freq_dim=16,
        ffn_dim=32,
        num_layers=2,
        image_dim=image_encoder.hidden_size if model.pictures else None,
        added_kv_proj_dim=32 if model.pictures else None,
        pos_embed_seq_len=2 * CLIP_TOKENS if model.pictures == 2 else None,
        rope_max_seq_len=64,
    ).save_pretrained(folder / "transformer")
    AutoencoderKLWan(base_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1).save_pretrained(folder / "vae")
    UMT5EncoderModel(UMT5Config(**text_encoder_sizes())).save_pretrained(folder / "text_encoder")
    write_tokenizer(folder / "tokenizer")
    parts = {
        "text_encoder": ("transformers", "UMT5EncoderModel"),
        "tokenizer": ("transformers", "T5TokenizerFast"),
        "transformer": ("diffusers", "WanTransformer3DModel"),
        "vae": ("diffusers", "AutoencoderKLWan"),
    }
    if model.pictures:
        CLIPVisionModel(image_encoder).save_pretrained(folder / "image_encoder")
        write_image_processor(folder / "image_processor", side=CLIP_SIDE)
        parts["image_encoder"] = ("transformers", "CLIPVisionModel")
        parts["image_processor"] = ("transformers", "CLIPImageProcessor")
    write_index(folder, model.layout().pipeline, parts)

"""Tiny CogVideoX checkpoints: the real transformer, VAE and T5 classes with few random weights."""

from pathlib import Path

from diffusers.models.autoencoders.autoencoder_kl_cogvideox import AutoencoderKLCogVideoX
from diffusers.models.transformers.cogvideox_transformer_3d import CogVideoXTransformer3DModel
from diffusers.schedulers.scheduling_ddim_cogvideox import CogVideoXDDIMScheduler
from diffusers.schedulers.scheduling_dpm_cogvideox import CogVideoXDPMScheduler
from transformers import T5Config, T5EncoderModel

from models.cogvideox.spec import ARCHITECTURES, TEXT_TOKENS, layout
from models.tiny_checkpoints import TEXT_WIDTH, text_encoder_sizes, write_index, write_tokenizer


def write_cogvideox(engine_name: str, folder: Path) -> None:
    """Write the parts of one: 2B with fixed places and DDIM, the others with rotary ones and DPM."""
    small = engine_name == "cogvideox-2b"
    folded = ARCHITECTURES[engine_name]["patch_size_t"]
    CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        time_embed_dim=8,
        text_embed_dim=TEXT_WIDTH,
        num_layers=2,
        sample_width=32,
        sample_height=32,
        patch_size_t=folded,
        patch_bias=folded is None,
        max_text_seq_length=TEXT_TOKENS,
        use_rotary_positional_embeddings=not small,
    ).save_pretrained(folder / "transformer")
    AutoencoderKLCogVideoX(
        block_out_channels=(8, 8, 8, 8),  # pyright: ignore[reportArgumentType] -- annotated as one
        layers_per_block=1,
        norm_num_groups=2,
    ).save_pretrained(folder / "vae")
    T5EncoderModel(T5Config(**text_encoder_sizes())).save_pretrained(folder / "text_encoder")
    write_tokenizer(folder / "tokenizer")
    scheduler_class = CogVideoXDDIMScheduler if small else CogVideoXDPMScheduler
    scheduler_class(
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        snr_shift_scale=3.0 if small else 1.0,
        timestep_spacing="trailing",
        clip_sample=False,
    ).save_pretrained(folder / "scheduler")
    parts = {
        "scheduler": ("diffusers", scheduler_class.__name__),
        "text_encoder": ("transformers", "T5EncoderModel"),
        "tokenizer": ("transformers", "T5Tokenizer"),
        "transformer": ("diffusers", "CogVideoXTransformer3DModel"),
        "vae": ("diffusers", "AutoencoderKLCogVideoX"),
    }
    write_index(folder, layout(engine_name).pipeline, parts)

"""Tiny Stable Video Diffusion checkpoints: the real UNet, VAE and CLIP classes with few random weights."""

from pathlib import Path

from diffusers.models.autoencoders.autoencoder_kl_temporal_decoder import AutoencoderKLTemporalDecoder
from diffusers.models.unets.unet_spatio_temporal_condition import UNetSpatioTemporalConditionModel
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from transformers import CLIPVisionModelWithProjection

from models.svd.spec import SPECS, layout
from models.tiny_checkpoints import image_encoder_config, write_image_processor, write_index

_PICTURE_SIDE = 224  # the pipeline itself brings pictures to this size


def write_svd(engine_name: str, folder: Path) -> None:
    """Write the parts of svd or svd-xt; the scheduler is the published one."""
    num_frames = SPECS[engine_name].frame_counts.minimum
    image_encoder = image_encoder_config(projection_dim=32)
    image_encoder.image_size, image_encoder.patch_size = _PICTURE_SIDE, 32
    UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64),
        down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=24,
        layers_per_block=1,
        cross_attention_dim=32,
        num_attention_heads=(2, 2),
        num_frames=num_frames,
    ).save_pretrained(folder / "unet")
    AutoencoderKLTemporalDecoder(
        block_out_channels=(32, 32, 32, 32),  # pyright: ignore[reportArgumentType] -- annotated as one
        down_block_types=("DownEncoderBlock2D",) * 4,  # pyright: ignore[reportArgumentType] -- as above
        layers_per_block=1,
    ).save_pretrained(folder / "vae")
    CLIPVisionModelWithProjection(image_encoder).save_pretrained(folder / "image_encoder")
    write_image_processor(folder / "feature_extractor", side=_PICTURE_SIDE)
    EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        use_karras_sigmas=True,
        sigma_min=0.002,
        sigma_max=700.0,
        timestep_spacing="leading",
        timestep_type="continuous",
        steps_offset=1,
    ).save_pretrained(folder / "scheduler")
    parts = {
        "feature_extractor": ("transformers", "CLIPImageProcessor"),
        "image_encoder": ("transformers", "CLIPVisionModelWithProjection"),
        "scheduler": ("diffusers", "EulerDiscreteScheduler"),
        "unet": ("diffusers", "UNetSpatioTemporalConditionModel"),
        "vae": ("diffusers", "AutoencoderKLTemporalDecoder"),
    }
    write_index(folder, layout(num_frames).pipeline, parts)

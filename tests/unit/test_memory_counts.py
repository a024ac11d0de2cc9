"""The bytes that clips are planned with, beside those counted op by op on the full-size networks."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_cogvideox import AutoencoderKLCogVideoX
from diffusers.models.autoencoders.autoencoder_kl_temporal_decoder import AutoencoderKLTemporalDecoder
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.cogvideox_transformer_3d import CogVideoXTransformer3DModel
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from diffusers.models.unets.unet_spatio_temporal_condition import UNetSpatioTemporalConditionModel

from models.catalog import ENGINES
from models.cogvideox.spec import ARCHITECTURES
from models.phantom.spec import LARGE, PHANTOM_1_3B, PHANTOM_14B, SMALL
from models.wan.spec import MODELS
from models.wan_vae import stream_video
from reelhouse.capabilities import ClipShape
from reelhouse.memory import Footprint
from reelhouse.storyboard import Quality
from tests.live_bytes import peak_bytes

# What diffusers' own annotations say of their sizes (tuples of one) and of `.to` is not so.
CogVideoXTransformer: Any = CogVideoXTransformer3DModel
CogVideoXVae: Any = AutoencoderKLCogVideoX
SvdUnet: Any = UNetSpatioTemporalConditionModel
SvdVae: Any = AutoencoderKLTemporalDecoder

SINGLE_ISLANDS = ("time_embedder", "scale_shift_table", "norm1", "norm2", "norm3")  # kept in float32


def footprint(name: str, shape: ClipShape, quality: Quality = "final") -> Footprint:
    spec = ENGINES[name]
    found = spec.cost(shape, spec.presets[quality]).footprint
    assert found is not None
    return found


def count(module):
    return sum(weight.numel() for weight in module.parameters())


def half(network):
    network = network.to(torch.bfloat16)
    for name, weight in network.named_parameters():
        if any(island in name for island in SINGLE_ISLANDS):
            weight.data = weight.data.float()
    return network.eval()


def wan_transformer(network, **more):
    return WanTransformer3DModel(
        num_attention_heads=network.num_heads,
        attention_head_dim=128,
        ffn_dim=network.ffn_dim,
        num_layers=network.num_layers,
        **more,
    )


@pytest.mark.parametrize("shape", [ClipShape(81, 480, 832, 2), ClipShape(17, 720, 1280, 4)])
@pytest.mark.parametrize(("network", "spec"), [(SMALL, PHANTOM_1_3B), (LARGE, PHANTOM_14B)])
@pytest.mark.filterwarnings("ignore:There are modules")
def test_a_forward_of_phantom_takes_what_is_planned(network, spec, shape):
    with torch.device("meta"):
        # What one block frees the next one takes, so two show the peak of all.
        transformer = half(wan_transformer(replace(network, num_layers=2)))
        frames = (shape.num_frames - 1) // 4 + 1 + shape.references
        given = {
            "hidden_states": torch.empty(
                1, 16, frames, shape.height // 8, shape.width // 8, dtype=torch.bfloat16
            ),
            "timestep": torch.empty(1),
            "encoder_hidden_states": torch.empty(1, 512, 4096, dtype=torch.bfloat16),
        }
        counted = peak_bytes(lambda: transformer(**given, return_dict=False))
    planned = footprint(spec.name, shape)
    # Nothing is left out of the count but the inputs, a few megabytes.
    assert planned.denoising == pytest.approx(counted, rel=0.02)


def test_the_published_sizes_of_the_wan_transformers_are_those_of_the_classes():
    for network in (SMALL, LARGE):
        with torch.device("meta"):
            transformer = wan_transformer(network)
        assert count(transformer) == network.parameters
        assert count(transformer.blocks[0]) == network.block_parameters
    with torch.device("meta"):
        picture = wan_transformer(
            LARGE, in_channels=36, out_channels=16, image_dim=1280, added_kv_proj_dim=5120
        )
    assert count(picture) == MODELS["wan-i2v-14b-480p"].parameters
    assert count(picture.blocks[0]) == MODELS["wan-i2v-14b-480p"].block_parameters


@pytest.mark.parametrize(("height", "width"), [(480, 832), pytest.param(720, 1280, marks=pytest.mark.slow)])
def test_wan_frames_take_what_is_planned_whole_and_in_tiles(height, width):
    with torch.device("meta"):
        vae = AutoencoderKLWan().eval()
        latents = torch.empty(1, 16, 3, height // 8, width // 8)
        planned = footprint("wan-t2v-14b", ClipShape(9, height, width, 0))

        def streamed():
            for _ in stream_video(vae, latents):
                pass

        assert planned.decoding == pytest.approx(peak_bytes(streamed), rel=0.02)
        vae.enable_tiling()
        assert planned.tiled_decoding == pytest.approx(peak_bytes(streamed), rel=0.05)


@pytest.mark.slow
def test_cogvideox_takes_what_is_planned():
    shape = ClipShape(49, 480, 720, 0)
    planned = footprint("cogvideox-5b", shape)
    kind: dict[str, Any] = dict(ARCHITECTURES["cogvideox-5b"])
    with torch.device("meta"):
        transformer = CogVideoXTransformer(**kind, use_rotary_positional_embeddings=True)
        assert count(transformer) == 5_570_283_072
        transformer.to(torch.bfloat16).eval()
        tokens = 13 * 30 * 45
        given = {
            "hidden_states": torch.empty(2, 13, 16, 60, 90, dtype=torch.bfloat16),
            "timestep": torch.empty(2),
            "encoder_hidden_states": torch.empty(2, 226, 4096, dtype=torch.bfloat16),
            "image_rotary_emb": (torch.empty(tokens, 64), torch.empty(tokens, 64)),
        }
        counted = peak_bytes(lambda: transformer(**given, return_dict=False))
        assert planned.denoising == pytest.approx(counted, rel=0.03)
        vae = CogVideoXVae(
            block_out_channels=(128, 256, 256, 512),
            latent_channels=16,
            layers_per_block=3,
            down_block_types=("CogVideoXDownBlock3D",) * 4,
            up_block_types=("CogVideoXUpBlock3D",) * 4,
        ).eval()
        vae.enable_tiling()
        latents = torch.empty(1, 16, 13, 60, 90)
        assert planned.decoding == pytest.approx(peak_bytes(lambda: vae.decode(latents)), rel=0.03)
    blocks = planned.transformer - (planned.offloaded - 2 * 2 * count(transformer.transformer_blocks[0]))
    assert blocks == pytest.approx(2 * 42 * count(transformer.transformer_blocks[0]), rel=0.01)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:There are modules")
def test_stable_video_diffusion_takes_what_is_planned():
    shape = ClipShape(14, 576, 1024, 1)
    planned = footprint("svd", shape, "standard")
    with torch.device("meta"):
        # Some of its parameters are made on the CPU in spite of the device.
        unet = SvdUnet(num_frames=14)
        unet.to(device="meta", dtype=torch.bfloat16).eval()
        given = {
            "sample": torch.empty(2, 14, 8, 72, 128, dtype=torch.bfloat16),
            "timestep": torch.empty(1),
            "encoder_hidden_states": torch.empty(2, 1, 1024, dtype=torch.bfloat16),
            "added_time_ids": torch.empty(2, 3, dtype=torch.bfloat16),
        }
        counted = peak_bytes(lambda: unet(**given, return_dict=False))
        assert planned.denoising == pytest.approx(counted, rel=0.02)
        vae = SvdVae(
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            down_block_types=("DownEncoderBlock2D",) * 4,
        )
        vae.to(device="meta").eval()
        latents = torch.empty(8, 4, 72, 128)
        assert planned.decoding == pytest.approx(
            peak_bytes(lambda: vae.decode(latents, num_frames=8)), rel=0.02
        )
    blocks = [count(block) for block in (*unet.down_blocks, *unet.up_blocks)]
    assert planned.offloaded == 2 * (count(unet) - sum(blocks) + 2 * max(blocks))

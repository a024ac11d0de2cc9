"""Placement: the same clip wherever the networks are, and moves from any placement to any other."""

from types import SimpleNamespace

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import AutoencoderKLWan
from diffusers.models.transformers.transformer_wan import WanTransformer3DModel
from transformers import UMT5Config, UMT5EncoderModel

from models.placement import PlacedNetworks, choose
from models.wan_vae import stream_video
from reelhouse.memory import LADDER, Footprint, Placement

CPU = torch.device("cpu")
EVERY_WAY = pytest.mark.parametrize("placement", LADDER, ids=str)


@pytest.fixture
def networks():
    torch.manual_seed(7)
    transformer = WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        text_dim=16,
        freq_dim=16,
        ffn_dim=32,
        num_layers=3,
        rope_max_seq_len=64,
    )
    vae = AutoencoderKLWan(base_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1)
    # Its own tiles are larger than any tiny clip.
    vae.tile_sample_min_height = vae.tile_sample_min_width = 32
    vae.tile_sample_stride_height = vae.tile_sample_stride_width = 24
    return SimpleNamespace(
        denoiser=transformer.eval(),
        encoder=UMT5EncoderModel(
            UMT5Config(vocab_size=32, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
        ).eval(),
        vae=vae.eval(),
    )


@pytest.fixture
def placed(networks):
    return PlacedNetworks(**vars(networks), device=CPU)


@torch.no_grad()
def flow_of(networks):
    draw = torch.Generator().manual_seed(1)
    text = networks.encoder(torch.arange(5)[None]).last_hidden_state
    latents = torch.randn(1, 16, 3, 8, 8, generator=draw)
    return networks.denoiser(latents, torch.tensor([500.0]), text, return_dict=False)[0]


def frames_of(networks):
    draw = torch.Generator().manual_seed(2)
    return list(stream_video(networks.vae, torch.randn(1, 16, 3, 8, 8, generator=draw)))


def is_fetched_block_by_block(networks):
    return all(
        hasattr(block, "_diffusers_hook") and block._diffusers_hook.hooks
        for block in networks.denoiser.blocks
    )


@EVERY_WAY
def test_every_placement_predicts_the_same_bits(networks, placed, placement):
    before = flow_of(networks)
    placed.place(placement)
    assert torch.equal(flow_of(networks), before)
    assert is_fetched_block_by_block(networks) is placement.blocks_offloaded


@EVERY_WAY
def test_everything_is_as_before_after_coming_back(networks, placed, placement):
    flow, frames = flow_of(networks), frames_of(networks)
    placed.place(placement)
    flow_of(networks)
    placed.place(Placement())
    assert torch.equal(flow_of(networks), flow)
    assert all(map(torch.equal, frames_of(networks), frames))
    assert not is_fetched_block_by_block(networks)
    assert not networks.encoder._forward_hooks


@EVERY_WAY
def test_a_model_that_rested_leaves_no_trace_of_where_it_was(networks, placed, placement):
    flow, frames = flow_of(networks), frames_of(networks)
    placed.place(placement)
    placed.rest()
    assert placed.placement is None
    assert not is_fetched_block_by_block(networks)
    assert not networks.encoder._forward_hooks
    placed.place(Placement())
    assert torch.equal(flow_of(networks), flow)
    assert all(map(torch.equal, frames_of(networks), frames))


def test_blocks_can_be_fetched_again_after_they_were_not(networks, placed):
    before = flow_of(networks)
    for placement in (LADDER[2], LADDER[0], LADDER[3], LADDER[2]):
        placed.place(placement)
        assert torch.equal(flow_of(networks), before)


def test_tiled_frames_come_as_streamed_ones_do_and_are_others(networks, placed):
    whole = frames_of(networks)
    placed.place(Placement(vae_tiled=True))
    tiled = frames_of(networks)
    assert [chunk.shape for chunk in tiled] == [chunk.shape for chunk in whole]
    assert [chunk.shape[2] for chunk in tiled] == [1, 4, 4]
    assert not torch.equal(torch.cat(tiled, 2), torch.cat(whole, 2))


def test_an_encoder_on_the_cpu_gives_back_what_the_device_works_with(networks):
    # The device without memory stands for a GPU: an encoder that stayed on it would return no numbers.
    meta = torch.device("meta")
    placed = PlacedNetworks(**vars(networks), device=meta)
    placed.place(Placement(encoder_on_cpu=True))
    seen = []
    networks.encoder.encoder.final_layer_norm.register_forward_hook(
        lambda module, given, made: seen.append(made.device)
    )
    embedded = networks.encoder(torch.arange(5)[None]).last_hidden_state
    assert seen == [CPU]
    assert embedded.device == meta


def test_a_vae_that_another_tiles_stays_tiled(networks, placed):
    networks.vae.enable_tiling()
    placed.place(Placement())
    assert networks.vae.use_tiling


def test_a_vae_without_tiles_is_refused_before_anything_is_moved(networks):
    plain = PlacedNetworks(
        denoiser=networks.denoiser, encoder=networks.encoder, vae=torch.nn.Identity(), device=CPU
    )
    with pytest.raises(ValueError, match="Identity decodes in no tiles"):
        plain.place(Placement(blocks_offloaded=True, vae_tiled=True))
    assert not is_fetched_block_by_block(networks)


def test_a_cpu_holds_everything():
    needs = Footprint(1 << 50, 0, 0, 0, 0, 0, None)
    assert choose(needs, CPU, 0) == Placement()

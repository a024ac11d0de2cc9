"""Where the networks of a diffusion model are while it works, brought about on loaded networks.

Blocks that come and go change no bit of a clip. A text encoder on the CPU rounds as a CPU does, and a VAE in
tiles blends its tiles.
"""

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.hooks.hooks import HookRegistry
from torch import nn
from torch.utils._pytree import tree_map
from torch.utils.hooks import RemovableHandle

from reelhouse.memory import CONTEXT_BYTES, Footprint, Placement, place

# The names under which diffusers keeps the hooks of group offloading.
_OFFLOADING_HOOKS = ("group_offloading", "layer_execution_tracker", "lazy_prefetch_group_offloading")
_CPU = torch.device("cpu")


def choose(footprint: Footprint, device: torch.device, own_bytes: int) -> Placement | None:
    """The fastest placement that fits what `device` has free, with what the model holds there; or None.

    A CPU holds everything.
    """
    if device.type != "cuda":
        return Placement()
    free_bytes, _ = torch.cuda.mem_get_info(device)
    unused_bytes = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    # CUDA's own part is taken already, and `place` reckons with it.
    return place(footprint, free_bytes + unused_bytes + own_bytes + CONTEXT_BYTES)


class PlacedNetworks:
    """The networks of one model, and where they are. Nothing is moved before the first `place`.

    Args:
        denoiser: a diffusers transformer or UNet.
        encoder: of texts, or of the picture of a model that reads none.
        vae: from latents to frames.
        device: where the work is done.
        others: networks that are always there.
    """

    def __init__(
        self,
        *,
        denoiser: Any,
        encoder: nn.Module,
        vae: Any,
        device: torch.device,
        others: Sequence[nn.Module] = (),
    ) -> None:
        self._denoiser = denoiser
        self._encoder = encoder
        self._vae = vae
        self._device = device
        self._others = others
        self._handles: tuple[RemovableHandle, ...] = ()
        self._placement: Placement | None = None

    @property
    def placement(self) -> Placement | None:
        """Where they are; None before the first `place`."""
        return self._placement

    def place(self, placement: Placement) -> None:
        """Move the networks, from wherever they are; not while a clip is made with them.

        The encoder takes tensors of the device and returns such, wherever it is.

        Raises:
            ValueError: tiles are asked of a VAE that knows none.
        """
        if placement == self._placement:
            return
        if placement.vae_tiled and not hasattr(self._vae, "enable_tiling"):
            raise ValueError(f"{type(self._vae).__name__} decodes in no tiles: choose another placement")
        try:
            self._move(placement)
        except BaseException:
            self.rest()  # half moved is nowhere
            raise
        self._placement = placement

    def rest(self) -> None:
        """Move everything to the CPU, so that another model has the device."""
        _fetch_no_more(self._denoiser)
        for handle in self._handles:
            handle.remove()
        self._handles = ()
        if self._placement is not None and self._placement.vae_tiled:
            self._vae.disable_tiling()
        for network in self._networks:
            network.to(_CPU)
        self._placement = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    @property
    def bytes_on_device(self) -> int:
        """What the networks hold of the device's memory."""
        if self._device.type == "cpu":
            return 0
        tensors = (
            tensor for network in self._networks for tensor in (*network.parameters(), *network.buffers())
        )
        return sum(tensor.nbytes for tensor in tensors if tensor.device.type == self._device.type)

    @property
    def _networks(self) -> tuple[Any, ...]:
        return (self._denoiser, self._encoder, self._vae, *self._others)

    def _move(self, placement: Placement) -> None:
        # What is to leave the device leaves it before what is to come.
        if self._placement is not None and self._placement.blocks_offloaded:
            _fetch_no_more(self._denoiser)
        self._place_encoder(on_cpu=placement.encoder_on_cpu)
        if placement.blocks_offloaded:
            self._fetch_blocks()
        else:
            self._denoiser.to(self._device)
        self._place_vae(tiled=placement.vae_tiled)
        for network in self._others:
            network.to(self._device)

    def _place_encoder(self, *, on_cpu: bool) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = ()
        self._encoder.to(_CPU if on_cpu else self._device)
        if on_cpu:
            self._handles = (
                self._encoder.register_forward_pre_hook(_to_cpu, with_kwargs=True),
                self._encoder.register_forward_hook(self._to_device),
            )

    def _to_device(self, _module: nn.Module, _inputs: object, output: Any) -> Any:
        return _moved(output, self._device)

    def _fetch_blocks(self) -> None:
        self._denoiser.to(_CPU)
        self._denoiser.enable_group_offload(
            onload_device=self._device,
            offload_device=_CPU,
            offload_type="block_level",
            num_blocks_per_group=1,
            # The next block is copied while one runs.
            use_stream=self._device.type == "cuda",
        )

    def _place_vae(self, *, tiled: bool) -> None:
        self._vae.to(self._device)
        if tiled:
            self._vae.enable_tiling()
        elif self._placement is not None and self._placement.vae_tiled:
            # Only what was done here is undone: CogVideoX's VAE is tiled by its own engine.
            self._vae.disable_tiling()


def _fetch_no_more(denoiser: nn.Module) -> None:
    registry = HookRegistry.check_if_exists_or_initialize(denoiser)
    for name in _OFFLOADING_HOOKS:
        registry.remove_hook(name, recurse=True)


def _to_cpu(_module: nn.Module, inputs: Any, named_inputs: Any) -> tuple[Any, Any]:
    return _moved(inputs, _CPU), _moved(named_inputs, _CPU)


def _moved(values: Any, device: torch.device) -> Any:
    """Every tensor in nested tuples, dictionaries and model outputs on `device`."""
    return tree_map(lambda value: value.to(device) if isinstance(value, torch.Tensor) else value, values)

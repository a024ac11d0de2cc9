"""Skipping steps whose prediction can be foretold: one decision a step, for all its passes together.

Between two steps the flow changes about as much as the latents do, so for a while the flow is the latents
plus the difference last computed. The guided flow is what is kept: guidance is linear and its weights sum to
one, so this is the same as keeping each pass, and no pass is ever older than another. (Phantom's guidance
would amplify errors that differ between its passes ninefold.)

Source: Zhou et al. 2025, "Less is Enough" (EasyCache), arXiv:2507.02860, where each pass is judged alone.
"""

from collections.abc import Callable

import torch

from models.checkpoints import State, to_device

_WARM_UP = 0.2  # of the steps, whose predictions change too fast to be foretold


class FlowReuse:
    """Decides for each step of one clip whether to predict or to foretell.

    Args:
        threshold: the relative error of the flow that may add up before it is predicted again; 0: never.
        num_inference_steps: the first fifth and the last are always predicted.
    """

    def __init__(self, threshold: float, num_inference_steps: int) -> None:
        self._threshold = threshold
        self._first = max(2, round(_WARM_UP * num_inference_steps))
        self._last = num_inference_steps - 1
        self._latents: torch.Tensor | None = None
        self._flow: torch.Tensor | None = None
        self._difference: torch.Tensor | None = None
        self._rate = 0.0
        self._error = 0.0

    def flow(
        self, step: int, latents: torch.Tensor, predict: Callable[[torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Return the flow at these latents, predicted or foretold; `step` counts from 0."""
        if not self._threshold:
            return predict(latents)
        if self._can_foretell(step, latents):
            assert self._difference is not None  # noqa: S101 -- for the type checker
            flow = latents + self._difference
        else:
            flow = predict(latents)
            if self._latents is not None and self._flow is not None:
                self._rate = _mean(flow - self._flow) / max(_mean(latents - self._latents), 1e-12)
            self._difference, self._error = flow - latents, 0.0
        self._latents, self._flow = latents, flow
        return flow

    def _can_foretell(self, step: int, latents: torch.Tensor) -> bool:
        if not self._first <= step < self._last or self._latents is None or self._flow is None:
            return False
        change = self._rate * _mean(latents - self._latents)
        self._error += change / max(_mean(self._flow), 1e-12)
        return self._error < self._threshold

    def state(self) -> State:
        """What the steps so far have left."""
        return {
            "reuse.latents": self._latents,
            "reuse.flow": self._flow,
            "reuse.difference": self._difference,
            "reuse.numbers": [self._rate, self._error],
        }

    def resume(self, state: State, *, device: torch.device) -> None:
        """Go on from a state."""
        self._latents = to_device(state["reuse.latents"], device)
        self._flow = to_device(state["reuse.flow"], device)
        self._difference = to_device(state["reuse.difference"], device)
        self._rate, self._error = state["reuse.numbers"]


def _mean(values: torch.Tensor) -> float:
    return float(values.abs().mean())

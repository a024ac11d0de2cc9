"""One line of a parity check, and how two tensors are compared."""

import math
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes:
        name: file and tensor.
        measured, allowed: the error found and the largest that passes, in `unit`.
        unit: "max abs", "rel L2", "levels" of 255, or "differing" values.
    """

    name: str
    measured: float
    allowed: float
    unit: str

    @property
    def ok(self) -> bool:
        """Whether it passes; an error that is no number does not."""
        return self.measured <= self.allowed


def difference(name: str, found: torch.Tensor, wanted: torch.Tensor, allowed: float) -> Row:
    """Compare by the largest absolute difference; tensors of different shapes are infinitely far apart."""
    return Row(name, _largest(found, wanted), allowed, "max abs")


def relative(name: str, found: torch.Tensor, wanted: torch.Tensor, allowed: float) -> Row:
    """Compare by ‖found - wanted‖ / ‖wanted‖, in float64."""
    if found.shape != wanted.shape:
        return Row(name, math.inf, allowed, "rel L2")
    found, wanted = found.detach().cpu().double(), wanted.cpu().double()
    return Row(name, ((found - wanted).norm() / wanted.norm()).item(), allowed, "rel L2")


def differing(name: str, found: torch.Tensor, wanted: torch.Tensor) -> Row:
    """Count the values that differ; none may."""
    same_shape = found.shape == wanted.shape
    count = (found.detach().cpu() != wanted.cpu()).sum().item() if same_shape else math.inf
    return Row(name, float(count), 0.0, "differing")


def _largest(found: torch.Tensor, wanted: torch.Tensor) -> float:
    if found.shape != wanted.shape:
        return math.inf
    return (found.detach().cpu().double() - wanted.cpu().double()).abs().max().item()

"""Bytes of tensors alive at once, counted op by op on networks without memory (torch's meta device)."""

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter


class LiveBytes(TorchDispatchMode):
    """Counts every storage made while it is active, until it is dropped; what is given in counts nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.peak = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for storage in _storages((args, kwargs)):
            self._add(storage, 0)
        made = func(*args, **(kwargs or {}))
        for storage in _storages(made):
            self._add(storage, storage.nbytes())
        self.peak = max(self.peak, self.now)
        return made

    def _add(self, storage: Any, size_bytes: int) -> None:
        if id(storage) not in self._known:
            self._known.add(id(storage))
            self.now += size_bytes
            weakref.finalize(storage, self._drop, id(storage), size_bytes)

    def _drop(self, known: int, size_bytes: int) -> None:
        self._known.discard(known)
        self.now -= size_bytes


def peak_bytes(work: Callable[[], object]) -> int:
    """The most bytes alive at once in `work`, with attention that keeps no table of scores, as on a GPU."""
    with _flash_attention(), torch.no_grad(), LiveBytes() as counted:
        work()
    return counted.peak


@contextmanager
def _flash_attention() -> Iterator[None]:
    def attend(query: Any, key: Any, value: Any, **_: Any) -> Any:
        return query.new_empty(*query.shape[:-1], value.shape[-1])

    with patch("torch.nn.functional.scaled_dot_product_attention", attend):
        yield


def _storages(values: object) -> Iterator[Any]:
    for value in tree_iter(values):
        if isinstance(value, torch.Tensor):
            yield value.untyped_storage()

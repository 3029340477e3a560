"""Arrays whose entries are linear in weights, put together by one gather.

An equivariant map of small features is cheapest as the plain matrix that it is: every entry is a weight times a solved
number, or a sum of few.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from ._module import fixed

Block = tuple[ArrayLike, ArrayLike, ArrayLike]
ROUNDING = 1e-13  # numbers below are 0


class Assembly(nn.Module):
    """Which weights, times what, make the entries of an array; its owner makes it again when it is moved.

    Parameters
    ----------
    shape : tuple of int
        Of the array.
    blocks : sequence of (entries, weights, numbers)
        Places in the flat array, places in all weights one after another, and what these enter with; shapes broadcast.
    count : int
        Number of all weights.
    like : Tensor
        Of the dtype and the device of the weights.

    Examples
    --------
    >>> turn = Assembly((2, 2), [([0, 3], 0, 1), ([1, 2], 1, [-1, 1])], 2, torch.zeros(1))
    >>> turn([torch.tensor([3.0, 4.0])])
    tensor([[ 3., -4.],
            [ 4.,  3.]])
    """

    def __init__(self, shape: tuple[int, ...], blocks: Sequence[Block], count: int, like: Tensor) -> None:
        super().__init__()
        self.shape, size = tuple(map(int, shape)), int(np.prod(shape))
        parts = [[np.ravel(a) for a in np.broadcast_arrays(*block)] for block in blocks]
        entries, weights, numbers = (
            np.concatenate([np.zeros(0, int), *column]) for column in (zip(*parts) if parts else ((), (), ()))
        )
        kept = np.abs(numbers) > ROUNDING
        entries, weights, numbers = entries[kept], weights[kept], numbers[kept]
        order = np.argsort(entries, kind="stable")
        entries, weights, numbers = entries[order], weights[order], numbers[order]
        terms = np.arange(len(entries)) - np.searchsorted(entries, entries)  # which of the sum in its entry
        self.terms = int(terms.max(initial=0)) + 1
        index = np.full((self.terms, size), count)
        index[terms, entries] = weights
        self.index = fixed(torch.from_numpy(index.ravel()).to(like.device))
        self.zero = fixed(torch.zeros(1, dtype=like.dtype, device=like.device))
        self.numbers: Tensor | None = None
        if np.abs(numbers - 1).max(initial=0) > ROUNDING:
            filled = np.zeros((self.terms, size), numbers.dtype)
            filled[terms, entries] = numbers
            self.numbers = fixed(torch.from_numpy(filled.ravel()).to(like.device, like.dtype))

    def forward(self, weights: Iterable[Tensor]) -> Tensor:
        """The array."""
        found = torch.cat([*(w.flatten() for w in weights), self.zero]).index_select(0, self.index)
        found = found if self.numbers is None else found * self.numbers
        return (found if self.terms == 1 else found.unflatten(0, (self.terms, -1)).sum(0)).view(self.shape)


def starts(sizes: Sequence[int]) -> NDArray[np.int64]:
    """Where parts of these sizes begin, one after another, and where the last ends."""
    return np.cumsum([0, *sizes])


def axes(*sizes: int) -> list[NDArray[np.int64]]:
    """0, 1, … up to each size along an axis of its own, to broadcast."""
    return list(np.ix_(*map(np.arange, sizes)))

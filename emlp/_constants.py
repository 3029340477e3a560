"""Solved numbers that travel with the weights: changes of basis and Clebsch–Gordan blocks.

They are kept as float64 (complex128) *masters*, part of the ``state_dict`` and never cast down, so a
checkpoint gives the same function on a machine whose LAPACK chooses other bases, and ``.float().double()``
loses nothing.  What the forward pass reads is a copy in the module's present dtype and device.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ._module import Layer, default_device, through_real

WITHOUT_FLOAT64 = ("mps",)  # Apple's graphics processors


class Constants(Layer):
    """Named constant tensors with full-precision masters.

    Parameters
    ----------
    arrays : mapping of name to float64 or complex128 array
    dtype : torch.dtype
        Dtype of the copies that `value` gives; complex makes the masters complex128.
    device : torch.device, optional

    Examples
    --------
    >>> import numpy as np, torch
    >>> c = Constants({"third": np.array([1 / 3])}, torch.float32).double()
    >>> bool(c.value("third") == 1 / 3), list(c.state_dict())
    (True, ['third'])
    """

    def __init__(
        self, arrays: Mapping[str, NDArray[Any]], dtype: torch.dtype, device: torch.device | str | None = None
    ) -> None:
        super().__init__()
        kind, device = np.complex128 if dtype.is_complex else np.float64, default_device(device)
        self._names = tuple(arrays)
        self._is_one: dict[str, bool] = {}
        for name, array in arrays.items():
            if np.iscomplexobj(array) and not dtype.is_complex:
                raise ValueError(f"constant {name!r} is complex, but the layer's dtype is {dtype}")
            # not from_numpy: the numbers come from caches that must not be shared with a trained module
            master = torch.tensor(np.asarray(array, dtype=kind), device=_exact_device(device))
            self.register_buffer(name, master)
            self.register_buffer(f"_{name}", master.to(device=device, dtype=dtype), persistent=False)
        self.refresh()

    def value(self, name: str) -> Tensor:
        """The constant in the module's present dtype and device."""
        return getattr(self, f"_{name}")

    def all_values(self) -> list[Tensor]:
        """All constants, as `value`."""
        return [self.value(name) for name in self._names]

    def is_one(self, name: str) -> bool:
        """Whether the constant is exactly an identity matrix, so that it need not be applied."""
        return self._is_one[name]

    def refresh(self) -> None:
        """Recompute the copies from the masters."""
        for name in self._names:
            master, copy = self.get_buffer(name), self.get_buffer(f"_{name}")
            self._is_one[name] = _is_one(master)
            self._buffers[f"_{name}"] = _move(master, copy.device, copy.dtype)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Constants:
        masters = {name: self.get_buffer(name) for name in self._names}
        self._buffers.update(dict.fromkeys(masters))
        try:
            super()._apply(fn, recurse)
        finally:
            self._buffers.update(masters)
        convert = through_real(fn)
        for name, master in masters.items():
            device = self.get_buffer(f"_{name}").device
            exact = _exact_device(device)
            if exact == device:
                moved = convert(master)  # keeps share_memory_, pin_memory and the like
                master = moved if moved.dtype == master.dtype else master
            self._buffers[name] = _move(master, exact, master.dtype)
        self.refresh()
        return self

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        for name in self._names:
            master, copy = self.get_buffer(name), self.get_buffer(f"_{name}")
            if copy.is_meta and not master.is_meta:  # assigned to a model on meta
                self._buffers[f"_{name}"] = torch.empty_like(copy, device=master.device)
        self.refresh()

    def extra_repr(self) -> str:
        """Names and shapes."""
        return ", ".join(f"{name} {tuple(self.get_buffer(name).shape)}" for name in self._names)


@contextmanager
def exact(module: nn.Module) -> Iterator[None]:
    """Let all constants in a module be their masters, on the CPU."""
    constants = [part for part in module.modules() if isinstance(part, Constants)]
    kept = [dict(part._buffers) for part in constants]
    try:
        for part in constants:
            part._buffers.update({f"_{name}": part.get_buffer(name).cpu() for name in part._names})
        yield
    finally:
        for part, buffers in zip(constants, kept):
            part._buffers.update(buffers)


def _is_one(t: Tensor) -> bool:
    if t.is_meta or t.ndim != 2 or t.shape[0] != t.shape[1]:
        return False
    return torch.equal(t, torch.eye(len(t), dtype=t.dtype, device=t.device))


def _exact_device(device: torch.device) -> torch.device:
    """Where masters live: with the module, but on the CPU where the device has no float64."""
    return torch.device("cpu") if device.type in WITHOUT_FLOAT64 else device


def _move(t: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    if t.is_meta and device.type != "meta":
        return torch.empty_like(t, device=device, dtype=dtype)
    return t.to(device=device, dtype=dtype)

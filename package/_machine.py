"""The machine a run is made on: its devices, its versions, its writer of logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from ._files import RunError


def board(folder: Path) -> Any:
    """A writer of TensorBoard's files.

    Raises
    ------
    RunError
        If it is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise RunError("--tensorboard needs TensorBoard: pip install '.[tensorboard]' in the checkout") from error
    return SummaryWriter(str(folder))


def pick_device(name: str = "auto") -> torch.device:
    """The device called ``name``; "auto" takes a GPU where there is one.

    Raises
    ------
    ValueError
        If this machine does not have it.

    Examples
    --------
    >>> pick_device("cpu")
    device(type='cpu')
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type == "meta":
            raise RuntimeError("it holds no numbers")
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0][:120]
        raise ValueError(f"there is no device {name!r} here ({reason}): use --device cpu") from error
    return device


def environment(device: torch.device) -> dict[str, Any]:
    """What the figures were measured on, for ``metrics.json``.

    Examples
    --------
    >>> sorted(environment(torch.device("cpu")))
    ['device', 'intertwine', 'threads', 'torch']
    """
    from intertwine import __version__

    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    versions = {"intertwine": __version__, "torch": torch.__version__}
    return versions | {"device": name, "threads": torch.get_num_threads()}


def count_parameters(model: nn.Module) -> int:
    """Number of trained coefficients.

    Examples
    --------
    >>> count_parameters(nn.Linear(3, 2))
    8
    """
    return sum(p.numel() for p in model.parameters())

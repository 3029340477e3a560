"""Several processes that train one model, as `torchrun` starts them.

A process that was not started so is the only one: every function here then does nothing.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import inspect
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from weakref import WeakSet

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

#: data sets are made, layers solved for and models validated by one process, while the others wait
PATIENCE = timedelta(hours=2)
#: the switch of DistributedDataParallel that has buffers sent at every step, before PyTorch 2.13 and since
_SYNC = next(
    name
    for name in ("forward_sync_buffers", "broadcast_buffers")
    if name in inspect.signature(DistributedDataParallel).parameters
)

_replicas: WeakSet[DistributedDataParallel] = WeakSet()


@dataclass(frozen=True)
class World:
    """The processes that train together.

    Attributes
    ----------
    rank, size : int
        Of this process; and how many there are.
    local : int
        Rank among the processes of this machine, and number of its accelerator.

    Examples
    --------
    >>> World().leads, World(1, 2).leads
    (True, False)
    """

    rank: int = 0
    size: int = 1
    local: int = 0

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files and talks."""
        return self.rank == 0

    def share(self, index: Tensor) -> tuple[Tensor, float]:
        """This process's part of a batch, and its weight: with it the mean over processes is that over samples.

        Examples
        --------
        >>> World(1, 2).share(torch.arange(5))
        (tensor([1, 3]), 0.8)
        """
        mine = index[self.rank :: self.size]
        if len(mine):
            return mine, self.size * len(mine) / len(index)
        return index[:1], 0.0  # nobody may stay away from the sum of gradients

    def total(self, numbers: Sequence[float]) -> list[float]:
        """Sums over all processes."""
        if self.size == 1:
            return list(numbers)
        device = "cuda" if dist.get_backend() == "nccl" else "cpu"
        sums = torch.tensor(numbers, dtype=torch.float64, device=device)
        dist.all_reduce(sums)
        return [float(x) for x in sums]

    @contextlib.contextmanager
    def in_turn(self) -> Iterator[None]:
        """The leader goes first: what it leaves in the cache is there for the others.

        Raises
        ------
        SystemExit
            In the others, without a word, if the leader failed: it says why.
        """
        if not self.leads and self.total([0.0]) != [0.0]:
            raise SystemExit(1)
        try:
            yield
        except BaseException:
            if self.leads:
                self.total([1.0])
            raise
        if self.leads:
            self.total([0.0])

    def replica(self, model: nn.Module) -> nn.Module:
        """The leader's model, with gradients that are means over all processes.

        Its solved constants, too: weights mean nothing in the bases that another machine has found.
        """
        if self.size == 1:
            return model
        state = model.state_dict()
        for tensor in state.values():
            dist.broadcast(tensor, 0)
        model.load_state_dict(state)  # layers renew what they keep beside
        # later buffers stay as they are, or are running averages that only the leader's validation reads
        options: dict[str, Any] = {"static_graph": True, _SYNC: False}
        replica = DistributedDataParallel(model, **options)
        _replicas.add(replica)
        return replica


def started() -> World:
    """The processes that `torchrun` started, this one among them; alone without it."""
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        return World()
    return World(*(int(os.environ.get(name, "0")) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))


def join(device: str = "auto") -> World:
    """Join the processes that `torchrun` started; alone without it.

    Parameters
    ----------
    device : str
        On accelerators ("auto" or "cuda") they talk by NCCL, else by gloo.

    Raises
    ------
    ValueError
        If all were to share one accelerator.

    Examples
    --------
    >>> world = join("cpu")
    >>> world.total([1.0, 2.0]), world.size
    ([1.0, 2.0], 1)
    >>> leave()
    """
    found = started()
    if found.size > 1 and device.startswith("cuda:"):
        raise ValueError(f"{found.size} processes cannot share {device}: --device cuda gives every one its own")
    if found.size > 1 and not dist.is_initialized():
        on_gpu = torch.cuda.is_available() and device.partition(":")[0] in ("auto", "cuda")
        if on_gpu:
            torch.cuda.set_device(found.local)
        importlib.import_module("torch._dynamo")  # imported later it would never let go of the group
        dist.init_process_group("nccl" if on_gpu else "gloo", timeout=PATIENCE)
    return found


def leave() -> None:
    """Leave the group of processes, if there is one; replicas cannot be called any more.

    The group goes with all that holds it: its threads, should they outlive the interpreter, abort the process.

    Examples
    --------
    >>> leave()
    """
    if dist.is_available() and dist.is_initialized():
        for replica in _replicas:
            for held in ("reducer", "logger", "process_group"):
                delattr(replica, held)
        gc.collect()
        dist.destroy_process_group()
        gc.collect()

"""Checkpoints as safetensors: numbers only, nothing that runs when it is read, with what they belong to.

The header's metadata holds the version, a digest of all numbers, and for every layer its class, its representations and
its group, by content and not by name.  `load` compares them before it touches the model.
"""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import torch
from intertwine import __version__
from intertwine._files import write_atomically
from intertwine.groups import Group
from intertwine.reps import Rep
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialised
from torch import Tensor, nn

#: raise when the metadata changes
FORMAT = "1"
COMPLEX = ".complex"  # after the name of a complex tensor, kept as (..., 2) real numbers
COMPILED = "_orig_mod"  # what torch.compile calls the module that it wraps, in names of its weights


def save(model: nn.Module, path: str | Path) -> Path:
    """Write a model's weights and solved constants as a safetensors file, whole or not at all.

    Parameters
    ----------
    model : nn.Module
        A layer or a network; modules that are not ours in it are kept too. One that ``torch.compile`` wraps is written
        as the module itself.
    path : str or Path

    Raises
    ------
    OSError
        If the file cannot be written; an old one is then left as it was.
    TypeError
        If the model keeps something else than tensors (``get_extra_state``).

    Examples
    --------
    >>> import torch
    >>> from intertwine.emlp import EMLP
    >>> from intertwine.groups import O
    >>> from intertwine.reps import Scalar, V
    >>> net, other = (EMLP(2 * V, Scalar, O(3), hidden=16) for _ in range(2))
    >>> path, x = save(net, "net.safetensors"), torch.randn(4, 6)
    >>> bool(torch.equal(load(other, path)(x), net(x)))
    True
    >>> load(EMLP(2 * V, Scalar, O(2), hidden=16), path)
    Traceback (most recent call last):
    ...
    ValueError: net.safetensors belongs to another model: the model is of the group O(3) in the file and O(2) here
    """
    path, tensors = Path(path), _as_real(_state(model))
    metadata = {
        "format": FORMAT,
        "intertwine": __version__,
        "torch": str(torch.__version__),
        "layers": json.dumps(layers_of(model)),
        "model": repr(getattr(model, COMPILED, model)),
        "digest": _digest(tensors),
    }
    write_atomically(path, serialised(tensors, metadata))
    return path


def load(model: nn.Module, path: str | Path) -> nn.Module:
    """Read what `save` wrote into a model of the same architecture.

    Parameters
    ----------
    model : nn.Module
        Keeps its device and dtype; left as it was when there is an error. It may be compiled, whatever was saved.
    path : str or Path

    Returns
    -------
    nn.Module
        The model.

    Raises
    ------
    FileNotFoundError
        If there is no file.
    ValueError
        If it is damaged, not one of ours, or belongs to another architecture or group; says which layer differs.

    Examples
    --------
    >>> import torch
    >>> from intertwine.emlp import Linear
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import V
    >>> layer, other = (Linear(V, 2 * V, SO(3)) for _ in range(2))
    >>> other = load(other.double(), save(layer, "layer.safetensors"))
    >>> other.dense().dtype, bool(torch.equal(other.dense().float(), layer.dense()))
    (torch.float64, True)
    """
    path = Path(path)
    metadata, tensors = _read(path)
    _check_layers(_listed(metadata["layers"], path), layers_of(model), path)
    here = _state(model)
    kept = _as_kept({_plain(name): t for name, t in tensors.items()}, here, path)
    _check_shapes(kept, here, path)
    model.load_state_dict({name: kept[_plain(name)] for name in model.state_dict()})
    return model


def layers_of(model: nn.Module) -> dict[str, dict[str, list[str]]]:
    """For every layer that has representations: its class, and their text and content, and so its group's.

    Examples
    --------
    >>> from intertwine.emlp import Linear
    >>> from intertwine.groups import SO
    >>> from intertwine.reps import V
    >>> {key: text for key, (text, _) in layers_of(Linear(V, V, SO(3)))["the model"].items()}
    {'class': 'Linear', 'group': 'SO(3)', 'rep_in': 'V', 'rep_out': 'V'}
    """
    found = {}
    for name, module in model.named_modules(remove_duplicate=False):
        parts = {key: _named(getattr(module, key, None)) for key in ("group", "rep_in", "rep_out")}
        if parts["group"] is not None:
            kept = {key: value for key, value in parts.items() if value is not None}
            # a wrapper of torch.compile comes before what it wraps, which then takes its place
            found[_plain(name) or "the model"] = {"class": [type(module).__name__] * 2, **kept}
    return found


def _plain(name: str) -> str:
    """A name without the parts that ``torch.compile`` puts into it.

    Examples
    --------
    >>> _plain("_orig_mod.layers.0._orig_mod.weight"), _plain("_orig_mod")
    ('layers.0.weight', '')
    """
    return ".".join(part for part in name.split(".") if part != COMPILED)


def _state(model: nn.Module) -> dict[str, Tensor]:
    return {_plain(name): t for name, t in model.state_dict().items()}


def _named(value: Any) -> list[str] | None:
    """Text for people, and what decides identity."""
    if isinstance(value, Group):
        return [value.name, hashlib.sha256(value.key.encode()).hexdigest()]
    if isinstance(value, tuple | list) and all(isinstance(v, Rep) or v is None for v in value):
        each = [_named(v) or ["None", "None"] for v in value]
        return [", ".join(text for text, _ in each), " ".join(content for _, content in each)]
    if not isinstance(value, Rep):
        return None
    return [repr(value), hashlib.sha256((value.key or repr(value)).encode()).hexdigest()]


def _as_real(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """What safetensors can hold: no views of each other, nothing complex."""
    made = {}
    for name, tensor in state.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"safetensors hold tensors alone, but {name} of the model is {tensor!r}")
        t = tensor.detach().cpu().resolve_conj()
        made[name + COMPLEX * t.is_complex()] = (torch.view_as_real(t) if t.is_complex() else t).contiguous().clone()
    return made


def _as_kept(found: dict[str, Tensor], here: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The inverse of `_as_real`, for a model that has these names."""
    made = {}
    for name, t in found.items():
        packed = name.endswith(COMPLEX) and name not in here
        if packed and (t.shape[-1:] != (2,) or not t.is_floating_point()):
            raise ValueError(f"{path} is damaged: {name} of shape {tuple(t.shape)} holds no complex numbers")
        # a clone: numbers of a file may lie at odd multiples of 8 bytes, where a complex128 must not
        made[name.removesuffix(COMPLEX) if packed else name] = torch.view_as_complex(t.clone()) if packed else t
    return made


def _digest(tensors: dict[str, Tensor]) -> str:
    """Of names, types, shapes and numbers."""
    found = hashlib.sha256()
    for name, t in sorted(tensors.items()):
        found.update(f"{name} {t.dtype} {tuple(t.shape)}".encode())
        found.update(t.reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    if not path.is_file():
        raise FileNotFoundError(f"there is no checkpoint {path}")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged or no safetensors file ({error}): take another copy") from error
    if metadata.get("format") != FORMAT or "layers" not in metadata:
        made = f"format {metadata['format']}" if "format" in metadata else "no format"
        raise ValueError(
            f"{path} is a safetensors file, but its metadata has {made}, expected {FORMAT}: write it with "
            "intertwine.interop.save"
        )
    if metadata.get("digest") not in (None, _digest(found)):
        raise ValueError(f"{path} is damaged (its numbers are not those that were written): take another copy")
    return metadata, found


def _listed(text: str, path: Path) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the list of layers in {path} is damaged ({error}): take another copy") from error
    if not isinstance(found, dict) or not all(_is_layer(layer) for layer in found.values()):
        raise ValueError(f"the list of layers in {path} is damaged ({text[:40]!r}): take another copy")
    return {_plain(name) or "the model": layer for name, layer in found.items()}


def _is_layer(value: Any) -> bool:
    """Whether it is an entry that `layers_of` makes."""
    pairs = value.values() if isinstance(value, dict) and {"class", "group"} <= value.keys() else [None]
    return all(isinstance(pair, list) and [type(part) for part in pair] == [str, str] for pair in pairs)


def _check_layers(there: dict[str, Any], here: dict[str, Any], path: Path) -> None:
    other = f"{path} belongs to another model: "
    for name in [*there, *here]:
        if name not in here or name not in there:
            where = "the file" if name in there else "the model"
            raise ValueError(f"{other}only {where} has a layer {name} ({_shown((there | here)[name])})")
        a, b = there[name], here[name]
        what = next((key for key in [*a, *b] if a.get(key, [0, 0])[1] != b.get(key, [0, 0])[1]), None)
        if what is not None:
            said = "of the group" if what == "group" else f"has {what}" if what != "class" else "a"
            verb = "is " if what in ("group", "class") else ""
            raise ValueError(
                f"{other}{name} {verb}{said} {a.get(what, ['none'])[0]} in the file and {b.get(what, ['none'])[0]} here"
            )


def _shown(layer: dict[str, list[str]]) -> str:
    text = {key: value[0] for key, value in layer.items()}
    return f"{text['class']} of {text['group']}"


def _check_shapes(there: dict[str, Tensor], here: dict[str, Tensor], path: Path) -> None:
    for name in [*there, *here]:
        a, b = there.get(name), here.get(name)
        if a is None or b is None:
            where = "the file" if b is None else "the model"
            raise ValueError(f"{path} belongs to another model: only {where} has a tensor {name}")
        if a.shape != b.shape or a.is_complex() != b.is_complex():
            count = math.prod(a.shape)
            raise ValueError(
                f"{path} belongs to another model: {name} has shape {tuple(a.shape)} ({count} numbers of {a.dtype}) in "
                f"the file and {tuple(b.shape)} of {b.dtype} here"
            )

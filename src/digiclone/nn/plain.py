"""Networks without weight norm, which only training needs."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from torch import nn
from torch.nn.utils import parametrize


class Sized(Protocol):
    """A network that is made from its sizes."""

    dims: Any

    def __init__(self, dims: Any) -> None: ...


N = TypeVar("N", bound=Sized)


def plain(net: N) -> N:
    """Another network that computes what `net` does, without weight norm. (A deep copy would not do: it shares the
    class, from which torch removes the norm.)"""
    made = type(net)(net.dims)
    assert isinstance(net, nn.Module)
    assert isinstance(made, nn.Module)
    made.load_state_dict(net.state_dict())
    for part in made.modules():
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight")
    return made.eval()

"""Running mean of a network's weights, which generalises better than the last of them."""

from __future__ import annotations

import torch
from torch import nn


def follow(mean: nn.Module, net: nn.Module, keep: float) -> None:
    """Move the mean towards the network: ``keep`` of it stays."""
    with torch.no_grad():
        for kept, new in zip(mean.state_dict().values(), net.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - keep)
            else:
                kept.copy_(new)

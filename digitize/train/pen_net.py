"""The pen network: a U-Net that reads a row at a time, halved in height first and not at all in width."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional

from digitize.pen import BIN_PX, CHANNELS, FINE, FOLD

STEM = 24
STRIDE = FOLD
"""The first layer halves height twice and width not at all: a steep stroke is told from its neighbour along time."""
WIDTHS = (16, 32, 48, 64, 96)


class Pair(nn.Sequential):
    """Two convolutions, each with its norm."""

    def __init__(self, c_in: int, c_out: int) -> None:
        layers: list[nn.Module] = []
        for c in (c_in, c_out):
            layers += [nn.Conv2d(c, c_out, 3, 1, 1, bias=False), nn.BatchNorm2d(c_out), nn.ReLU()]
        super().__init__(*layers)


class PenNet(nn.Module):
    """Band (n, CHANNELS, H, W) to logits (n, H / BIN_PX + 1, FINE * W): heights from the top, then "no trace"."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(CHANNELS, STEM, (2 * STRIDE, 3), (STRIDE, 1), (STRIDE // 2, 1)), nn.ReLU())
        self.down = nn.ModuleList([Pair(a, b) for a, b in zip((STEM, *widths[:-1]), widths, strict=True)])
        self.up = nn.ModuleList([Pair(b + a, a) for a, b in zip(widths[-2::-1], widths[:0:-1], strict=True)])
        self.height = nn.Conv2d(widths[0], STRIDE // BIN_PX * FINE, 1)
        self.none = nn.Sequential(nn.Conv1d(widths[0], 32, 1), nn.ReLU(), nn.Conv1d(32, FINE, 1))

    def forward(self, band: Tensor) -> Tensor:
        x = self.stem(band)
        kept = []
        for k, pair in enumerate(self.down):
            x = pair(functional.max_pool2d(x, 2) if k else x)
            kept.append(x)
        for pair, skip in zip(self.up, kept[-2::-1], strict=True):
            x = pair(torch.cat([functional.interpolate(x, scale_factor=2.0, mode="nearest"), skip], 1))
        # The bins and fine columns of each cell are its channels: (n, bins FINE, H / STRIDE, W).
        height = self.height(x).unflatten(1, (STRIDE // BIN_PX, FINE)).permute(0, 3, 1, 4, 2).flatten(3).flatten(1, 2)
        none = self.none(x.amax(2)).transpose(1, 2).flatten(1)[:, None]
        return torch.cat([height, none], 1)


def fold_stem(net: PenNet) -> PenNet:
    """The network for bands as `fold_rows` gives them: the same sums, which processors do three times as fast."""
    stem = net.stem[0]
    assert isinstance(stem, nn.Conv2d)
    folded = nn.Conv2d(FOLD * CHANNELS, STEM, (2, 3), 1, (0, 1))
    with torch.no_grad():
        folded.weight.copy_(stem.weight.reshape(STEM, CHANNELS, 2, FOLD, 3).transpose(2, 3).flatten(1, 2))
        folded.bias = stem.bias
    net = copy.deepcopy(net)
    net.stem[0] = folded
    return net

"""Networks from a signal to labels, (n, CHANNELS, time) to logits (n, labels): what ships, and what it was chosen from.

The literature's recipe is convolutions for shape, a recurrent layer for order, attention for range. All of them begin
with the same residual convolutions here, so that a comparison says what is worth what.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 24
"""Twelve leads and, for each, whether it is seen (`analyze.classinput`)."""
WIDTHS = (48, 64, 96, 128)
KERNEL = 7


class Residual(nn.Module):
    """Two convolutions beside a short cut; begins as the short cut alone."""

    def __init__(self, c_in: int, c_out: int, stride: int = 2, drop: float = 0.1) -> None:
        super().__init__()
        pad = KERNEL // 2
        last = nn.BatchNorm1d(c_out)
        nn.init.zeros_(last.weight)
        self.deep = nn.Sequential(
            nn.Conv1d(c_in, c_out, KERNEL, stride, pad, bias=False), nn.BatchNorm1d(c_out), nn.ReLU(), nn.Dropout(drop),
            nn.Conv1d(c_out, c_out, KERNEL, 1, pad, bias=False), last,
        )  # fmt: skip
        self.short = nn.Sequential(
            nn.AvgPool1d(stride, stride, ceil_mode=True), nn.Conv1d(c_in, c_out, 1, bias=False), nn.BatchNorm1d(c_out)
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.deep(x) + self.short(x))


def convolve(widths: tuple[int, ...] = WIDTHS) -> nn.Sequential:
    """Residual convolutions, each halving time: (n, CHANNELS, time) to (n, widths[-1], time / 2 ** len(widths))."""
    stem = nn.Sequential(nn.Conv1d(CHANNELS, widths[0], 11, 1, 5, bias=False), nn.BatchNorm1d(widths[0]), nn.ReLU())
    return nn.Sequential(stem, *(Residual(a, b) for a, b in zip((widths[0], *widths[:-1]), widths, strict=True)))


class Head(nn.Module):
    """Mean and maximum over time, then a linear layer: (n, width, time) to (n, labels)."""

    def __init__(self, width: int, labels: int, drop: float = 0.3) -> None:
        super().__init__()
        self.out = nn.Sequential(nn.Dropout(drop), nn.Linear(2 * width, labels))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.out(torch.cat([x.mean(2), x.amax(2)], 1))
        return out


class Recurrent(nn.Module):
    """A bidirectional LSTM over time, shape kept."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, width // 2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.lstm(x.transpose(1, 2))[0].transpose(1, 2)
        return out


class Attention(nn.Module):
    """Two Transformer layers with sinusoidal positions, shape kept."""

    def __init__(self, width: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, 0.1, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        _, width, time = x.shape
        at = torch.arange(time)[:, None] * torch.exp(torch.arange(0, width, 2) * (-math.log(1e4) / width))
        position = torch.stack([at.sin(), at.cos()], 2).flatten(1)
        out: Tensor = self.layers(x.transpose(1, 2) + position).transpose(1, 2)
        return out


class StateSpace(nn.Module):
    """A diagonal state-space layer (S4D; Gu et al. 2022, arXiv 2206.11893), run as a long convolution, shape kept."""

    def __init__(self, width: int, states: int = 32) -> None:
        super().__init__()
        self.log_step = nn.Parameter(torch.empty(width).uniform_(math.log(1e-3), math.log(1e-1)))
        self.log_decay = nn.Parameter(torch.full((width, states), math.log(0.5)))
        self.turn = nn.Parameter(math.pi * torch.arange(states).float().repeat(width, 1))
        self.weight = nn.Parameter(torch.randn(width, states, 2) / states**0.5)
        self.skip = nn.Parameter(torch.ones(width))
        self.norm = nn.BatchNorm1d(width)
        self.mix = nn.Conv1d(width, 2 * width, 1)

    def forward(self, x: Tensor) -> Tensor:
        time = x.shape[2]
        pole = torch.complex(-self.log_decay.exp(), self.turn)
        step = self.log_step.exp()[:, None]
        weight = torch.view_as_complex(self.weight) * ((step * pole).exp() - 1) / pole
        power = (step * pole)[..., None] * torch.arange(time)
        kernel = 2 * (weight[..., None] * power.exp()).sum(1).real
        y = torch.fft.irfft(torch.fft.rfft(self.norm(x), 2 * time) * torch.fft.rfft(kernel, 2 * time), 2 * time)
        y = functional.gelu(y[..., :time] + self.skip[:, None] * x)
        return x + functional.glu(self.mix(y), 1)


def build(name: str, labels: int) -> nn.Module:
    """A network by name: resnet, cnn-bilstm, cnn-transformer, cnn-bilstm-transformer or state-space."""
    width = WIDTHS[-1]
    middle: dict[str, list[nn.Module]] = {
        "resnet": [],
        "cnn-bilstm": [Recurrent(width)],
        "cnn-transformer": [Attention(width)],
        "cnn-bilstm-transformer": [Recurrent(width), Attention(width)],
    }
    if name == "state-space":
        stem = nn.Sequential(nn.Conv1d(CHANNELS, width, 5, 2, 2), *(StateSpace(width) for _ in range(3)))
        return nn.Sequential(stem, Head(width, labels))
    return nn.Sequential(convolve(), *middle[name], Head(width, labels))

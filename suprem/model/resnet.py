"""ResNet18-1D, the encoder of the paper's backbone ablation (Table 7): it mixes the leads in its first layer."""

from __future__ import annotations

from torch import Tensor, nn

from suprem.model.config import ModelConfig


class BasicBlock(nn.Module):
    """Two 3-wide convolutions with a residual path (He et al. 2016), along time."""

    def __init__(self, in_width: int, out_width: int, *, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv1d(in_width, out_width, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm1d(out_width),
            nn.ReLU(),
            nn.Conv1d(out_width, out_width, 3, padding=1, bias=False),
            nn.BatchNorm1d(out_width),
        )
        same = stride == 1 and in_width == out_width
        self.shortcut: nn.Module = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv1d(in_width, out_width, 1, stride=stride, bias=False), nn.BatchNorm1d(out_width))
        )
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return (batch, width, time / stride)."""
        return self.activation(self.branch(x) + self.shortcut(x))


class ResNetEncoder(nn.Module):
    """(batch, lead, time) to (batch, token, 512); one token per 16 samples, all leads together."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.out_width = 512
        widths, strides = (64, 128, 256, 512), (1, 2, 2, 2)
        layers: list[nn.Module] = [
            nn.Conv1d(config.leads, 64, 7, stride=2, padding=3, bias=False),
            nn.BatchNorm1d(64),
            nn.ReLU(),
        ]
        previous = 64
        for width, stride in zip(widths, strides, strict=True):
            layers += [BasicBlock(previous, width, stride=stride), BasicBlock(width, width, stride=1)]
            previous = width
        self.layers = nn.Sequential(*layers)

    def forward(self, ecg: Tensor, *, keep: float = 1.0) -> tuple[Tensor, None]:
        """Return tokens (batch, token, 512). `keep` is there for the common interface; a convolution drops nothing."""
        return self.layers(ecg).transpose(1, 2), None

"""From a signal to tokens: per-lead patches, lead and position embeddings, transformer (paper section 3.2, A.4.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from suprem.model.attention import Attention, DropPath
from suprem.model.config import STEM_STRIDE, ModelConfig


class LinearStem(nn.Module):
    """The paper's tokenizer: one linear projection W_p of each patch, shared by all leads (section 3.2, equation 1)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.patch_samples = config.patch_samples
        self.project = nn.Linear(config.patch_samples, config.width)

    def forward(self, ecg: Tensor) -> Tensor:
        """Return tokens (batch, lead, patch, width) of a signal (batch, lead, time)."""
        return self.project(ecg.unflatten(-1, (-1, self.patch_samples)))


class ConvStem(nn.Module):
    """A per-lead convolutional tokenizer, shared by all leads: still one token per lead and patch.

    Deviation from the paper, for small data; the reason and its source are in docs/decisions/0008.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        inner = config.width // 2
        step = config.patch_samples // STEM_STRIDE
        self.layers = nn.Sequential(
            nn.Conv1d(1, inner, kernel_size=15, stride=STEM_STRIDE, padding=5, bias=False),
            nn.BatchNorm1d(inner),
            nn.GELU(),
            nn.Conv1d(inner, config.width, kernel_size=step + 2, stride=step, padding=1, bias=False),
            nn.BatchNorm1d(config.width),
            nn.GELU(),
            nn.Conv1d(config.width, config.width, kernel_size=3, padding=1),
        )

    def forward(self, ecg: Tensor) -> Tensor:
        """Return tokens (batch, lead, patch, width) of a signal (batch, lead, time)."""
        batch, lead, _ = ecg.shape
        out = self.layers(ecg.flatten(0, 1).unsqueeze(1))  # (batch * lead, width, patch)
        return out.transpose(1, 2).unflatten(0, (batch, lead))


class Block(nn.Module):
    """A pre-norm transformer block with stochastic depth on both residual paths."""

    def __init__(self, config: ModelConfig, *, drop_path: float) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.width)
        self.attention = Attention(width=config.width, heads=config.heads, dropout=0.0)
        self.mlp_norm = nn.LayerNorm(config.width)
        self.mlp = nn.Sequential(
            nn.Linear(config.width, config.mlp_width), nn.GELU(), nn.Linear(config.mlp_width, config.width)
        )
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor, visible: Tensor | None) -> Tensor:
        """Return (batch, token, width); `visible` is bool (batch, token) or None."""
        x = x + self.drop_path(self.attention(self.attention_norm(x), visible=visible))
        return x + self.drop_path(self.mlp(self.mlp_norm(x)))


class EcgEncoder(nn.Module):
    """Lead-wise vision transformer: (batch, lead, time) to one token per lead and patch."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.out_width = config.width
        self.stem = LinearStem(config) if config.stem == "linear" else ConvStem(config)
        self.lead_embedding = nn.Parameter(torch.empty(config.leads, 1, config.width))
        self.position_embedding = nn.Parameter(torch.empty(1, config.patches, config.width))
        # Small, because embeddings of standard deviation 1 would drown an input of millivolts.
        nn.init.trunc_normal_(self.lead_embedding, std=0.02)
        nn.init.trunc_normal_(self.position_embedding, std=0.02)
        ramp = torch.linspace(0.0, config.drop_path, config.depth).tolist()
        self.blocks = nn.ModuleList(Block(config, drop_path=rate) for rate in ramp)
        self.norm = nn.LayerNorm(config.width)

    def forward(self, ecg: Tensor, *, keep: float = 1.0) -> tuple[Tensor, Tensor | None]:
        """Encode a signal.

        Args:
            ecg: (batch, lead, time).
            keep: Share of tokens that enter the transformer; the rest is dropped at random, which is faster and
                regularises. 1.0 keeps all.

        Returns:
            Tokens (batch, token, width), ordered lead by lead when all are kept, and which of them hold a signal,
            bool (batch, token), or None when all do.
        """
        tokens, visible = self.embed(ecg), self.visible(ecg)
        if keep < 1.0:
            kept = _random_tokens(tokens.shape[:3], keep, tokens.device)  # (batch, token)
            tokens = tokens.flatten(1, 2).gather(1, kept.unsqueeze(-1).expand(-1, -1, tokens.shape[-1]))
            visible = None if visible is None else visible.gather(1, kept)
        else:
            tokens = tokens.flatten(1, 2)  # (batch, token, width)
        return self.transform(tokens, visible), visible

    def embed(self, ecg: Tensor) -> Tensor:
        """Return the tokens (batch, lead, patch, width) of a signal (batch, lead, time) before the transformer."""
        tokens: Tensor = self.stem(ecg) + self.lead_embedding + self.position_embedding
        return tokens

    def transform(self, tokens: Tensor, visible: Tensor | None) -> Tensor:
        """Return tokens (batch, token, width) after the transformer; `visible` is bool (batch, token) or None."""
        for block in self.blocks:
            tokens = block(tokens, visible)
        normed: Tensor = self.norm(tokens)
        return normed

    def visible(self, ecg: Tensor) -> Tensor | None:
        """Return which tokens hold a signal, bool (batch, token), lead by lead; None when all do."""
        if not self.config.hide_empty_patches:
            return None
        recorded = ecg.unflatten(-1, (-1, self.config.patch_samples)).ne(0).any(-1).flatten(1)  # (batch, token)
        # An exported network takes one path for all recordings: the mask, which then hides nothing.
        if not torch.compiler.is_exporting() and bool(recorded.all()):
            return None
        # A record without any signal must still give finite numbers; it is refused long before it comes here.
        return recorded | ~recorded.any(dim=1, keepdim=True)


def _random_tokens(shape: torch.Size, keep: float, device: torch.device) -> Tensor:
    """Return the indices (batch, token) to keep. Leads and moments share part of their luck, so whole leads and
    stretches go missing often enough for the model to cope with them."""
    batch, lead, patch = shape
    luck = (
        torch.rand(batch, lead, patch, device=device)
        + 0.5 * torch.rand(batch, lead, 1, device=device)
        + 0.5 * torch.rand(batch, 1, patch, device=device)
    )
    return luck.flatten(1).topk(max(1, round(keep * lead * patch)), dim=1).indices

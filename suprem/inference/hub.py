"""Checkpoints as repositories of the Hugging Face Hub: the README that one begins with, and fetching one.

A checkpoint folder has the hub's layout already, config.json beside safetensors; only its README is made here.
"""

from __future__ import annotations

import re
from pathlib import Path

from huggingface_hub import EvalResult, ModelCardData, snapshot_download

from suprem.errors import CheckpointError
from suprem.export import RESEARCH_USE
from suprem.model.checkpoint import FILES as SEALED
from suprem.model.manifest import MANIFEST
from suprem.model_card import ModelCard

README = "README.md"
FILES = (*SEALED, MANIFEST)
"""What is fetched of a repository: JSON and safetensors, which run no code when loaded."""

CONNECT_SECONDS = 10.0
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def is_repository(name: str) -> bool:
    """Tell whether a text has the form of a repository's name, owner/name."""
    return _REPOSITORY.fullmatch(name) is not None


def fetch_checkpoint(repository: str, revision: str | None = None) -> Path:
    """Fetch a checkpoint from the hub, or find it in the local cache, and return its folder.

    Args:
        repository: owner/name.
        revision: A branch, tag or commit; the newest by default.

    Raises:
        CheckpointError: It could not be fetched.
    """
    try:
        folder = snapshot_download(
            repository, revision=revision, allow_patterns=list(FILES), etag_timeout=CONNECT_SECONDS
        )
    except Exception as error:  # the hub's client raises its own, httpx's and the operating system's errors
        raise CheckpointError(
            f"There is no folder {repository}, and no repository of that name could be fetched from the Hugging Face "
            f"Hub ({type(error).__name__}); give the folder of a checkpoint, or check name and connection."
        ) from error
    return Path(folder)


def hub_readme(checkpoint: str, card: ModelCard) -> str:
    """Return the README of a checkpoint's repository: front matter that the hub reads, and what a user has to know.

    Args:
        checkpoint: Its id.
        card: Its model card. What it does not say is left out.
    """
    training, validation = card.training, card.validation
    corpus, macro = training.data.corpus or "unknown", validation.macro
    figures = [
        EvalResult(
            task_type="zero-shot-classification",
            task_name=validation.task or "zero-shot",
            dataset_type=corpus,
            dataset_name=f"{corpus}, {validation.split or 'validation'}",
            metric_type="roc_auc",
            metric_name="macro AUROC",
            metric_value=round(value, 4),
        )
        for value in ([] if macro is None else [macro])
    ]
    matter = ModelCardData(
        model_name=f"SuPreME {checkpoint}",
        license="mit",
        library_name="suprem",
        pipeline_tag="zero-shot-classification",
        tags=["ecg", "electrocardiogram", "cardiology", "zero-shot", "research-only"],
        eval_results=figures or None,
    )
    low, high = validation.macro_ci or (None, None)
    spread = "" if low is None or high is None else f" (95 % interval {low:.3f} to {high:.3f})"
    facts = [
        ("Purpose", card.intended_use),
        ("Out of scope", card.out_of_scope),
        ("Trained on", training.data.train_records and f"{training.data.train_records:,} records of {corpus}"),
        ("Text encoder", training.encoder.name),
        ("Vocabulary", training.vocabulary_version and f"version {training.vocabulary_version}"),
        ("Evaluated", macro is not None and f"macro AUROC {macro:.3f}{spread}, {validation.split}"),
    ]
    lines = [f"- **{name}:** {fact}" for name, fact in facts if fact]
    warnings = [f"- {warning}" for warning in card.warnings]
    return "\n".join(
        [
            "---",
            matter.to_yaml(),
            "---",
            "",
            f"# SuPreME checkpoint {checkpoint}",
            "",
            f"> {RESEARCH_USE}",
            "",
            "Scores 12-lead ECGs against cardiac findings in free text.",
            "",
            "```python",
            "import suprem",
            "",
            'model = suprem.load("FOLDER OR REPOSITORY")',
            'print(model.score("ecg.dcm", queries=["sinus rhythm", "atrial fibrillation"]))',
            "```",
            "",
            *lines,
            "",
            *warnings,
            "",
            "All figures, by finding, are in `model_card.json`.",
            "",
        ]
    )

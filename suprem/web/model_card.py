"""Bring a checkpoint's model card into the rows and sentences that the page shows."""

from __future__ import annotations

from suprem.model_card import ClassFigures, ModelCard, SignalFacts

COMPARED = {
    "all": "itself with all weights random",
    "encoder": "itself with the ECG encoder random",
    "fusion": "itself with the fusion network random",
    "other recording": "itself on another recording",
    "other query": "itself asked the next query of the vocabulary, often a related one",
    "other query, beyond the usual": "the same, both minus the mean over all queries",
    "unrelated query": "itself asked an unrelated query (scores that do not go together)",
    "unrelated query, beyond the usual": "the same, both minus the mean over all queries",
    "unrelated query, sizes of contributions": "its contributions, asked an unrelated query",
}
"""What attention maps were compared with, by the names of `suprem.inference.attention_check`."""

ALIKE = 0.5
"""Rank correlation from which maps are called much the same."""


def training_rows(card: ModelCard) -> list[dict[str, str]]:
    """Return what the model was trained on and with, one fact a row."""
    training, data = card.training, card.training.data
    facts = {
        "Corpus": data.corpus,
        "Records in training": _count(data.train_records),
        "Records in validation": _count(data.validation_records),
        "Records left out": _count(data.skipped_records),
        "Input": _input(data.signal),
        "Text encoder": training.encoder.name,
        "Weighted mean of": ", ".join(f"{one.share:.0%} {one.checkpoint}" for one in card.averaged),
        "Run": training.run,
        "Vocabulary": training.vocabulary,
        "Vocabulary version": training.vocabulary_version,
        "Code": training.commit,
        "Command": training.command,
    }
    return [{"what": what, "value": str(value)} for what, value in facts.items() if value not in (None, "")]


def lineage(card: ModelCard) -> str:
    """Return what the model came from, as far as its card says: " from run compact-2, vocabulary version 1a2b"."""
    run, version = card.training.run, card.training.vocabulary_version
    parts = (f"run {run}" if run else "", f"vocabulary version {version}" if version else "")
    origin = ", ".join(filter(None, parts))
    return f" from {origin}" if origin else ""


def validation_sentence(card: ModelCard) -> str:
    """Return the mean over the statements with its interval, or that there is none."""
    validation = card.validation
    macro, (low, high) = validation.mean, validation.macro_ci or (None, None)
    if macro is None:
        return "This checkpoint was not evaluated; nothing is known about how good its scores are."
    split = f" on {validation.split or 'the validation records'}"
    spread = "" if low is None or high is None else f" (95 % interval {low:.3f} to {high:.3f})"
    return f"Macro AUROC{split}: {macro:.3f}{spread}. 0.5 is chance, 1 a perfect order."


def attention_rows(card: ModelCard, checkpoint: str) -> list[dict[str, str | float]]:
    """Return how alike the attention maps of the model and of others are, nothing where that was not checked of this
    checkpoint."""
    check = card.attention_check
    if check is None or check.checkpoint != checkpoint:
        return []
    return [
        {
            "map of the trained model against": COMPARED[name],
            "rank correlation": _rounded(correlation.median),
            "5th percentile": _rounded(correlation.low),
            "95th percentile": _rounded(correlation.high),
        }
        for name, correlation in check.rank_correlation.items()
        if name in COMPARED
    ]


def attention_sentence(card: ModelCard) -> str:
    """Return what the rows say: whether the maps depend on training, and whether they depend on the query; "" where
    that was not checked."""
    check = card.attention_check
    if check is None:
        return ""
    medians = {name: _rounded(correlation.median) for name, correlation in check.rank_correlation.items()}
    learned = "depend on what was learned" if abs(medians["all"]) < ALIKE else "hardly depend on what was learned"
    other = next(name for name in ("unrelated query", "other query") if name in medians)
    asked = "differ from query to query" if medians[other] < ALIKE else "are much the same whatever is asked"
    agrees = ""
    if check.occlusion is not None:
        compared = {
            "attention": check.occlusion.attention,
            "attention beyond the usual": check.occlusion.beyond_usual,
            "the contributions of quarter seconds": check.occlusion.contribution,
        }
        agrees = (
            " With what the score changes by when a second of a lead is left out these correlate: "
            + ", ".join(f"{name} {_rounded(one.median):.2f}" for name, one in compared.items() if one)
            + f" (median over {check.occlusion.records} recordings and all queries)."
        )
    pair = (
        "an unrelated query" if other == "unrelated query" else "the next query of the vocabulary, often a related one"
    )
    return (
        f"Over {check.records:,} recordings and {check.queries} queries the maps {learned} (rank correlation "
        f"{medians['all']:.2f} with a network of random weights) and {asked} ({medians[other]:.2f} with the map of "
        f"{pair} on the same ECG).{agrees}"
    )


def statement_rows(card: ModelCard) -> list[dict[str, str | int | float | None]]:
    """Return one row per trained statement or other concept that was evaluated, the most frequent first."""
    statements = {one.code for one in card.validation.classes}
    others = [one for one in card.concepts.classes if one.code not in statements]
    evaluated: list[ClassFigures] = sorted([*card.validation.classes, *others], key=lambda one: -one.positives)
    rows: list[dict[str, str | int | float | None]] = []
    for one in evaluated:
        low, high = one.ci or (None, None)
        fit = card.probability.maps.get(one.code)
        rows.append(
            {
                "statement": one.query,
                "code": one.code,
                "positive records": one.positives,
                "AUROC": one.auroc,
                "95 % from": low,
                "to": high,
                "calibration error": fit.ece if fit else None,
            }
        )
    return rows


def _rounded(correlation: float) -> float:
    """Return a correlation in hundredths; one that rounds to nothing has no sign."""
    return round(correlation, 2) + 0.0


def _count(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"


def _input(signal: SignalFacts | None) -> str | None:
    if signal is None:
        return None
    marks = ", pacing spikes marked where the recording's own rate shows them" if signal.pacing_marks else ""
    return f"{signal.seconds:g} s at {signal.fs} Hz, leads {', '.join(signal.leads)}, scaling {signal.scaling}{marks}"

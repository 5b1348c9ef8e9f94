"""Bring a checkpoint's model card into the rows and sentences that the page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Card = Mapping[str, Any]
"""The JSON of `model_card.json`; what it does not say is not shown."""

COMPARED = {
    "all": "itself with all weights random",
    "encoder": "itself with the ECG encoder random",
    "fusion": "itself with the fusion network random",
    "other recording": "itself on another recording",
    "other query": "itself asked another query",
    "other query, beyond the usual": "itself asked another query, both minus the mean over all queries",
}
"""What attention maps were compared with, by the names of `suprem.inference.attention_check`."""

ALIKE = 0.5
"""Rank correlation from which maps are called much the same."""


def training_rows(card: Card) -> list[dict[str, str]]:
    """Return what the model was trained on and with, one fact a row."""
    training = card.get("training", {})
    data, signal = training.get("data", {}), training.get("data", {}).get("signal", {})
    facts = {
        "Corpus": data.get("corpus"),
        "Records in training": _count(data.get("train_records")),
        "Records in validation": _count(data.get("validation_records")),
        "Records left out": _count(data.get("skipped_records")),
        "Input": _input(signal),
        "Text encoder": training.get("encoder", {}).get("name"),
        "Run": training.get("run"),
        "Vocabulary": training.get("vocabulary"),
        "Vocabulary version": training.get("vocabulary_version"),
        "Code": training.get("commit"),
        "Command": training.get("command"),
    }
    return [{"what": what, "value": str(value)} for what, value in facts.items() if value not in (None, "")]


def lineage(card: Card) -> str:
    """Return what the model came from, as far as its card says: " from run compact-2, vocabulary version 1a2b"."""
    training = card.get("training", {})
    version = training.get("vocabulary_version")
    parts = (
        f"run {training['run']}" if training.get("run") else "",
        f"vocabulary version {version}" if version else "",
    )
    found = ", ".join(filter(None, parts))
    return f" from {found}" if found else ""


def validation_sentence(card: Card) -> str:
    """Return the mean over the statements with its interval, or that there is none."""
    validation = card.get("validation", {})
    macro, interval = validation.get("macro", validation.get("macro_auroc")), validation.get("macro_ci")
    if macro is None:
        return "This checkpoint was not evaluated; nothing is known about how good its scores are."
    split = f" on {validation['split']}" if validation.get("split") else " on the validation records"
    spread = f" (95 % interval {interval[0]:.3f} to {interval[1]:.3f})" if interval else ""
    return f"Macro AUROC{split}: {macro:.3f}{spread}. 0.5 is chance, 1 a perfect order."


def attention_rows(card: Card, checkpoint: str) -> list[dict[str, str | float]]:
    """Return how alike the attention maps of the model and of others are, nothing where that was not checked of this
    checkpoint."""
    check = card.get("attention_check", {})
    if check.get("checkpoint") != checkpoint:
        return []
    return [
        {
            "map of the trained model against": COMPARED[name],
            "rank correlation": found["median"],
            "5th percentile": found["low"],
            "95th percentile": found["high"],
        }
        for name, found in check["rank_correlation"].items()
        if name in COMPARED
    ]


def attention_sentence(card: Card) -> str:
    """Return what the rows say: whether the maps depend on training, and whether they depend on the query."""
    check = card["attention_check"]
    untrained, query = (check["rank_correlation"][name]["median"] for name in ("all", "other query"))
    learned = "depend on what was learned" if abs(untrained) < ALIKE else "hardly depend on what was learned"
    asked = "differ from query to query" if query < ALIKE else "are much the same whatever is asked"
    occlusion = check.get("occlusion", {})
    agrees = ""
    if occlusion:
        agrees = (
            f" With what the score changes by when a second of a lead is left out, attention correlates at "
            f"{occlusion['attention']['median']:.2f} and attention beyond the usual at "
            f"{occlusion['beyond the usual']['median']:.2f} (median over {occlusion['records']} recordings and all "
            "queries)."
        )
    return (
        f"Over {check['records']:,} recordings and {check['queries']} queries the maps {learned} (rank correlation "
        f"{untrained:.2f} with a network of random weights) and {asked} ({query:.2f} between two queries of one ECG)."
        f"{agrees}"
    )


def statement_rows(card: Card) -> list[dict[str, str | int | float | None]]:
    """Return one row per trained statement or other concept that was evaluated, the most frequent first."""
    maps = card.get("probability", {}).get("maps", {})
    rows = []
    evaluated = list(card.get("validation", {}).get("classes", ()))
    known = {entry.get("code") for entry in evaluated}
    evaluated += [entry for entry in card.get("concepts", {}).get("classes", ()) if entry["code"] not in known]
    for entry in evaluated:
        low, high = entry.get("ci") or (None, None)
        rows.append(
            {
                "statement": entry.get("query"),
                "code": entry.get("code"),
                "positive records": entry.get("positives"),
                "AUROC": entry.get("auroc"),
                "95 % from": low,
                "to": high,
                "calibration error": maps.get(entry.get("code"), {}).get("ece"),
            }
        )
    return sorted(rows, key=lambda row: -(row["positive records"] or 0))


def _count(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"


def _input(signal: Mapping[str, Any]) -> str | None:
    if not signal:
        return None
    return (
        f"{signal['seconds']:g} s at {signal['fs']} Hz, leads {', '.join(signal['leads'])}, scaling {signal['scaling']}"
    )

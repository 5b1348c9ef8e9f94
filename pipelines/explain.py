"""Explain a score: what leads and moments add to it, attention over them, and how it changes without them.

    python -m pipelines.explain --ecg FILE --query "atrial fibrillation" [--minus "sinus rhythm"] [--json]

Prints one row a query and part of the recording: record_id, query, part (a lead or a second), contribution (what it
adds to the logit), attention (its share), logit_change and score_without (the part masked). Sentences on whether they
agree go to standard error, and where a score does not go with the recording's measurements. With --json standard
output is one object with the whole maps, 12 leads x 40 blocks of contributions and attention, 12 leads x 10 seconds of
occlusion. The numbers are those of the page "Read an ECG"; of a longer recording the cleanest 10 s are explained.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.inputs import gather_queries
from pipelines.recordings import add_table_options, remarks_on, say_remarks, table_of
from pipelines.stage import run_stage, say
from suprem.ecg.record import LEADS
from suprem.errors import EcgError
from suprem.export import RESEARCH_USE, text_cell
from suprem.inference.score import QueryScore
from suprem.settings import load_settings

if TYPE_CHECKING:  # loaded when it is used: torch takes seconds, which --help need not wait for
    from suprem.inference.explain import Explanation

COLUMNS = ("record_id", "query", "part", "contribution", "attention", "logit_change", "score_without")


def parts(explanation: Explanation) -> Iterator[tuple[str, float, float, float, float]]:
    """Yield name, contribution, share of attention, change of the logit and score without it: each lead read, then each
    second."""
    attention, occlusion, contribution = explanation.attention, explanation.occlusion, explanation.contribution
    for name in attention.read_leads:
        row = LEADS.index(name)
        change = float(occlusion.leads[row])
        added, share = float(contribution.per_lead[row]), float(attention.per_lead[row])
        yield name, added, share, change, occlusion.score_without(change)
    by_second = (contribution.per_second.tolist(), attention.per_second.tolist(), occlusion.seconds.tolist())
    for second, (added, share, change) in enumerate(zip(*by_second, strict=True)):
        first = attention.start + second
        yield f"{first:g}-{first + 1:g} s", added, share, change, occlusion.score_without(change)


def as_json(explanation: Explanation, score: QueryScore) -> dict[str, Any]:
    """Return an explanation as plain values."""
    attention, occlusion, contribution = explanation.attention, explanation.occlusion, explanation.contribution
    return {
        "query": explanation.query,
        "score": score.score,
        "logit": score.logit,
        "support": str(score.support),
        "scored_as": score.scored_as,
        "lost_words": score.lost,
        "contribution": {
            "map": contribution.blocks.tolist(),
            "leads": dict(zip(LEADS, contribution.per_lead.tolist(), strict=True)),
            "seconds": contribution.per_second.tolist(),
            "rank_correlation_with_occlusion": explanation.upheld,
        },
        "attention": {
            "map": attention.weights.tolist(),
            "usual": explanation.usual.weights.tolist(),
            "leads": dict(zip(LEADS, attention.per_lead.tolist(), strict=True)),
            "seconds": attention.per_second.tolist(),
        },
        "occlusion": {
            "map": occlusion.cells.tolist(),
            "leads": dict(zip(LEADS, occlusion.leads.tolist(), strict=True)),
            "seconds": occlusion.seconds.tolist(),
        },
        "agreement": {"rank_correlation": explanation.agreement, "sentence": explanation.sentence()},
        "dependence_on_query": {
            "correlation_with_usual": explanation.likeness,
            "sentence": explanation.dependence_sentence(),
        },
    }


def difference(first: Explanation, second: Explanation) -> dict[str, Any]:
    """Return by how much two explanations of one recording differ, first minus second."""
    return {
        "queries": [first.query, second.query],
        "score": first.occlusion.score - second.occlusion.score,
        "contribution": (first.contribution.blocks - second.contribution.blocks).tolist(),
        "attention": (first.attention.weights - second.attention.weights).tolist(),
        "occlusion": (first.occlusion.cells - second.occlusion.cells).tolist(),
    }


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem explain", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    parser.add_argument("--ecg", type=Path, required=True, metavar="FILE", help="an ECG file")
    parser.add_argument("--query", nargs="+", action="extend", default=[], metavar="TEXT", help="what to look for")
    parser.add_argument("--minus", metavar="TEXT", help="also give the difference of each query from this one (--json)")
    parser.add_argument("--checkpoint", type=Path, help="default: the one in use")
    parser.add_argument("--ignore-quality", action="store_true", help="explain also what the quality gate blocks")
    parser.add_argument("--json", action="store_true", help="print one JSON object with the whole maps")
    add_table_options(parser)
    args = parser.parse_args(argv)

    def work() -> None:
        from suprem.concepts.negation import set_negations_aside
        from suprem.ecg.checks.quality import Level, assess_quality
        from suprem.ecg.formats.readers import read_ecg
        from suprem.ecg.measurement.measure import measure
        from suprem.ecg.preprocess import crop
        from suprem.inference.explain import explain, read_record
        from suprem.inference.measured_check import contradictions, unmet_criteria
        from suprem.inference.predictor import Predictor

        settings = load_settings()
        predictor = Predictor.configured(settings, args.checkpoint)
        asked = gather_queries(args.query, None, predictor.vocabulary)
        queries, aside = set_negations_aside(asked, predictor.vocabulary)
        for negation in aside:
            say(negation.reason)
        record = read_ecg(args.ecg, table=table_of(args))
        remarks = remarks_on(record)
        say_remarks(remarks, args.ecg.stem)
        blocking = [found.message for found in assess_quality(record) if found.level is Level.BLOCK]
        if blocking and not args.ignore_quality:
            raise EcgError(" ".join(blocking))
        read = read_record(predictor, record)
        scores = predictor.score_signals(read.signal[None], queries)[0]
        found = explain(predictor, read, queries)
        window = crop(record, read.start, predictor.spec.seconds)
        measured = measure(window)
        against = contradictions(scores, queries, measured, predictor.card, age=record.age, sex=record.sex)
        unmet = unmet_criteria({query.text: query.code for query in queries if query.code}, measured)
        if args.json:
            content = {
                "checkpoint": predictor.id,
                "encoder": predictor.encoder.name,
                "record_id": args.ecg.stem,
                "leads": LEADS,
                "leads_read": predictor.spec.leads,
                "start": read.start,
                "remarks": remarks,
                "contradictions": [one.sentence for one in against],
                "unmet_criteria": unmet,
                "explanations": [as_json(one, score) for one, score in zip(found, scores, strict=True)],
            }
            if args.minus:
                (other,) = explain(predictor, read, [args.minus])
                content["differences"] = [difference(one, other) for one in found]
            print(json.dumps(content))
            return
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in found:
            for name, *numbers in parts(one):
                cells = [f"{number:.6f}" for number in numbers]
                writer.writerow([text_cell(args.ecg.stem), text_cell(one.query), name, *cells])
            say(f"{one.query}: {one.contribution_sentence()} {one.sentence()} {one.dependence_sentence()}")
        for contradiction in against:
            say(contradiction.sentence)
        for query, words in unmet.items():
            say(f"“{query}” is ruled out by its definition: {words}.")
        for score in scores:
            if score.scored_as:
                say(score.scored_as_sentence)

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())

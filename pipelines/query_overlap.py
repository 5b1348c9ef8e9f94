"""Compare two lists of queries: which of them are one and the same (paper A.6.2, Table 16).

    python -m pipelines.query_overlap --first A --second B [--threshold C] [--json] [--out overlap.csv]

A and B are each a text file with one query a line, a vocabulary.json, or the name of an evaluation task, such as
`ptbxl_rhythm`. Prints the pairs from a cosine of 0.95 on, most similar first, as CSV: first, second, cosine, guard. A
guard says why two queries are not one although the cosine takes them for it ("degree": second and third degree AV
block); the counts on standard error give both, with and without the guarded pairs.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.stage import run_stage, say
from suprem.atomic import write_text
from suprem.concepts.embed import load_embedder
from suprem.concepts.mapping.entity_names import read_names
from suprem.concepts.mapping.mapping import OVERLAP, overlap
from suprem.concepts.vocabulary import read_vocabulary
from suprem.datasets.catalog import TASK_NAMES, load_task
from suprem.errors import ConceptError, ConfigError
from suprem.export import RESEARCH_USE, text_cell


@dataclass(frozen=True)
class OverlapConfig:
    """Two lists, each a file or the name of a task, and what counts as the same."""

    first: str
    second: str
    threshold: float = OVERLAP
    encoder: str = "minilm"


@dataclass(frozen=True)
class QueryList:
    """The distinct queries of one list.

    Attributes:
        name: The task, or the file's name.
        queries: In the order given.
    """

    name: str
    queries: tuple[str, ...]


@dataclass(frozen=True)
class QueryOverlap:
    """Two lists compared.

    Attributes:
        first: One list.
        second: The other.
        threshold: Cosine from which a pair counts.
        encoder: Name of the text encoder.
        pairs: (query of the first, query of the second, cosine, guard or ""), most similar first.
    """

    first: QueryList
    second: QueryList
    threshold: float
    encoder: str
    pairs: tuple[tuple[str, str, float, str], ...]

    def counts(self) -> dict[str, int]:
        """Return how many queries of each list the other one holds too, by cosine alone and with the guards."""
        same = [pair for pair in self.pairs if not pair[3]]
        return {
            "first": len(self.first.queries),
            "second": len(self.second.queries),
            "pairs": len(self.pairs),
            "guarded_pairs": len(self.pairs) - len(same),
            "first_in_second": len({pair[0] for pair in self.pairs}),
            "second_in_first": len({pair[1] for pair in self.pairs}),
            "first_in_second_guarded": len({pair[0] for pair in same}),
            "second_in_first_guarded": len({pair[1] for pair in same}),
        }

    def to_json(self) -> dict[str, Any]:
        """Return all of it, for programs."""
        return {
            "first": self.first.name,
            "second": self.second.name,
            "threshold": self.threshold,
            "encoder": self.encoder,
            "counts": self.counts(),
            "pairs": [
                {"first": first, "second": second, "cosine": round(cosine, 4), "guard": guard}
                for first, second, cosine, guard in self.pairs
            ],
            "notice": RESEARCH_USE,
        }

    def to_csv(self) -> str:
        """Return the pairs as a table."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["first", "second", "cosine", "guard"])
        for first, second, cosine, guard in self.pairs:
            writer.writerow([text_cell(first), text_cell(second), f"{cosine:.4f}", guard])
        return file.getvalue()


def read_queries(source: str) -> QueryList:
    """Return the distinct queries of a task, a vocabulary or a text file.

    Raises:
        ConceptError: There is neither such a task nor such a file, or the file holds no query.
    """
    if source in TASK_NAMES:
        return QueryList(source, tuple(dict.fromkeys(load_task(source).queries)))
    path = Path(source)
    if not path.is_file():
        raise ConceptError(
            f"{path.name!r} is neither a file nor a task; expected a text file with one query a line, a "
            f"vocabulary.json, or one of {', '.join(TASK_NAMES)}."
        )
    if path.suffix in (".json", ".toml"):
        return QueryList(path.name, tuple(dict.fromkeys(read_vocabulary(path).names)))
    names, aside = read_names(path)
    for reason, count in aside.items():
        say(f"set aside: {count:,} lines of {path.name} ({reason})")
    return QueryList(path.name, tuple(dict.fromkeys(names)))


def run(config: OverlapConfig) -> QueryOverlap:
    """Read, embed, compare.

    Raises:
        ConceptError: A list cannot be read, or the encoder is not there.
        ConfigError: The threshold or the encoder's name is wrong.
    """
    if not 0 < config.threshold <= 1:
        raise ConfigError(f"The threshold is {config.threshold}; expected a cosine above 0 and at most 1.")
    first, second = read_queries(config.first), read_queries(config.second)
    embedder = load_embedder(config.encoder)
    pairs = overlap(first.queries, second.queries, embedder, threshold=config.threshold)
    return QueryOverlap(first, second, config.threshold, embedder.name, tuple(pairs))


def main(argv: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="suprem query-overlap", description=(__doc__ or "").splitlines()[0], epilog=RESEARCH_USE
    )
    form = f"text file, vocabulary.json, or a task: {', '.join(TASK_NAMES)}"
    parser.add_argument("--first", required=True, help=form)
    parser.add_argument("--second", required=True, help="the same")
    parser.add_argument("--threshold", type=float, default=OVERLAP, help=f"cosine of a pair; default {OVERLAP}")
    parser.add_argument("--encoder", default="minilm", help="default: minilm, the bundled one; auto, medcpt, ...")
    parser.add_argument("--json", action="store_true", help="counts and pairs as JSON")
    parser.add_argument("--out", type=Path, help="file to write instead of standard output")
    args = parser.parse_args(argv)

    def work() -> None:
        result = run(OverlapConfig(args.first, args.second, args.threshold, args.encoder))
        text = json.dumps(result.to_json(), indent=2, ensure_ascii=False) + "\n" if args.json else result.to_csv()
        if args.out is not None:
            write_text(args.out, text)
        else:
            print(text, end="", flush=True)
        counts = result.counts()
        say(
            f"{counts['pairs']:,} pairs from a cosine of {result.threshold:g} on ({result.encoder}), "
            f"{counts['guarded_pairs']:,} of them kept apart by a guard. {result.first.name}: "
            f"{counts['first_in_second']:,} of {counts['first']:,} queries are in the other list "
            f"({counts['first_in_second_guarded']:,} with guards); {result.second.name}: "
            f"{counts['second_in_first']:,} of {counts['second']:,} ({counts['second_in_first_guarded']:,})."
        )

    return run_stage(work)


if __name__ == "__main__":
    raise SystemExit(main())

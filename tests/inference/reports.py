"""Scored recordings for the tests of the formats of other systems."""

from suprem.concepts.vocabulary import Concept, Vocabulary
from suprem.inference.files import Remarked, ScoreRow, Unscored
from suprem.inference.reported import Lineage, Reported, reported

LINEAGE = Lineage("abc123", "minilm", "1.2.3")
LONG = "st elevation " * 12

RESULTS: list[Reported] = reported(
    [
        ScoreRow("a", "afib", 0.9, 2.2, "trained", nearest=(("atrial fibrillation", 1.0),), code="AFIB",
                 reference_percentile=0.97, probability=0.5),
        ScoreRow("a", LONG.strip(), 0.1, -2.2, "outside", nearest=(("pause", 0.31),)),
    ],
    [Remarked("a", ("Rate taken for 500 Hz.",), "V6 is flat.", 0.4)],
    [],
    [Unscored("b", "The file is empty.")],
    Vocabulary((Concept("AFIB", "atrial fibrillation", snomed="49436004"),)),
)  # fmt: skip

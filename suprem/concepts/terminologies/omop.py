"""OMOP's numbers of SNOMED CT concepts, read from the user's own copy of its vocabularies (Athena's CONCEPT.csv)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from suprem.concepts.terminologies.terminologies import RowCount, read_rows
from suprem.errors import ConceptError

_COLUMNS = 10


@dataclass(frozen=True)
class OmopConcepts:
    """SNOMED CT identifier <-> OMOP concept number."""

    numbers: dict[str, int]
    identifiers: dict[int, str]

    def number_of(self, snomed: str) -> int:
        """Return OMOP's number, 0 where it has none, as OMOP says it."""
        return self.numbers.get(snomed, 0)

    def snomed_of(self, number: int) -> str:
        """Return the SNOMED CT identifier, empty where the number is none of SNOMED CT's."""
        return self.identifiers.get(number, "")


def read_omop(path: Path) -> OmopConcepts:
    """Read the SNOMED CT concepts of CONCEPT.csv, which is separated by tabs.

    Raises:
        ConceptError: The file is missing, is not CONCEPT.csv, or holds no SNOMED CT.
    """
    numbers: dict[str, int] = {}
    count = RowCount(path.name)
    rows = read_rows(path, b"\t", _COLUMNS, count, lambda _f, _m: None, header=b"concept_id\t", holding=b"\tSNOMED\t")
    for line, cells in rows:
        number, vocabulary, code = cells[0], cells[3], cells[6]
        if vocabulary != b"SNOMED":
            continue
        if number.isdigit() and code.isdigit():
            numbers[code.decode()] = int(number)
        else:
            count.set_aside(line)
    if not numbers:
        raise ConceptError(f"{path.name} holds no SNOMED CT concept; download it with the vocabulary SNOMED chosen.")
    return OmopConcepts(numbers, {number: code for code, number in numbers.items()})

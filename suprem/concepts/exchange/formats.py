"""The exchange formats by name: which there are, writing one, and telling which one a file is."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from suprem.concepts.exchange.concept_map import read_concept_map, to_concept_map
from suprem.concepts.exchange.exchanged import ExchangedRow
from suprem.concepts.exchange.sssom import read_sssom, to_sssom
from suprem.concepts.exchange.usagi import read_usagi, to_usagi
from suprem.concepts.terminologies.omop import OmopConcepts
from suprem.errors import ConceptError

MAX_BYTES = 50 * 2**20
"""A larger file is no mapping: a hundred thousand rows take ten megabytes."""


class ExchangeFormat(StrEnum):
    """A format that other systems read and write."""

    USAGI = "usagi"
    SSSOM = "sssom"
    FHIR = "fhir"

    @property
    def label(self) -> str:
        """Its name for a person."""
        return {"usagi": "Usagi CSV (OHDSI)", "sssom": "SSSOM TSV", "fhir": "FHIR R4 ConceptMap"}[self]

    @property
    def suffix(self) -> str:
        """How a file's name ends."""
        return {"usagi": ".usagi.csv", "sssom": ".sssom.tsv", "fhir": ".conceptmap.json"}[self]

    @property
    def media_type(self) -> str:
        """Media type of a download."""
        return {"usagi": "text/csv", "sssom": "text/tab-separated-values", "fhir": "application/fhir+json"}[self]


def write_mapping(
    rows: Sequence[ExchangedRow], form: ExchangeFormat, version: str, omop: OmopConcepts | None = None
) -> str:
    """Return a mapping as the text of a file.

    Args:
        rows: Of `exchanged_rows`. Usagi gets all of them, the other formats what people settled.
        form: The format.
        version: Id of the vocabulary version.
        omop: OMOP's concept numbers for Usagi, where a copy is at hand.
    """
    if form is ExchangeFormat.USAGI:
        return to_usagi(rows, omop)
    return to_sssom(rows, version) if form is ExchangeFormat.SSSOM else to_concept_map(rows, version)


def read_mapping_file(content: bytes, omop: OmopConcepts | None = None) -> tuple[ExchangeFormat, list[ExchangedRow]]:
    """Read a file of any of the formats, told by its content.

    Args:
        content: The file.
        omop: OMOP's concept numbers for Usagi, where a copy is at hand.

    Raises:
        ConceptError: It is too large, not text, or none of the formats.
    """
    if len(content) > MAX_BYTES:
        raise ConceptError(f"The file holds {len(content) // 2**20} MB; at most {MAX_BYTES // 2**20} MB are read.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConceptError("The file is not UTF-8 text; save it as UTF-8 and try again.") from error
    form = _recognised(text)
    if form is ExchangeFormat.USAGI:
        return form, read_usagi(text, omop)
    return form, read_sssom(text) if form is ExchangeFormat.SSSOM else read_concept_map(text)


def _recognised(text: str) -> ExchangeFormat:
    if text.lstrip().startswith("{"):
        return ExchangeFormat.FHIR
    header = next((line for line in text.splitlines() if not line.startswith("#")), "")
    if "\t" in header and "object_id" in header:
        return ExchangeFormat.SSSOM
    if "sourceName" in header:
        return ExchangeFormat.USAGI
    raise ConceptError(
        "This is no mapping that can be taken in; expected Usagi's CSV (column sourceName), an SSSOM table (columns "
        "subject_label, object_id, separated by tabs) or a FHIR ConceptMap as JSON."
    )

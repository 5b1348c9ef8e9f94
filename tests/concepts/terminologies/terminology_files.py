"""Miniature releases of UMLS and SNOMED CT: the files' form, with invented codes and only everyday wordings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

IS_A, FULLY_SPECIFIED, SYNONYM = "116680003", "900000000000003001", "900000000000013009"


def umls_row(
    cui: str,
    term: str,
    *,
    language: str = "ENG",
    rank: str = "P PF Y",
    source: str = "INVENTED",
    code: str = "X1",
    suppress: str = "N",
) -> str:
    """One row of MRCONSO.RRF; `rank` is TS, STT and ISPREF."""
    status, string_type, preferred = rank.split()
    cells = [cui, language, status, "L1", string_type, "S1", preferred, "A1", "", "", "", source, "PT", code, term]
    return "|".join([*cells, "0", suppress, ""]) + "|"


def write_umls(path: Path, rows: Iterable[str]) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def write_snomed(
    folder: Path,
    *,
    concepts: Iterable[str],
    descriptions: Iterable[str],
    relationships: Iterable[str],
    end: str = "\r\n",
) -> Path:
    """A snapshot; rows are written with "," for a tab."""
    terminology = folder / "Snapshot" / "Terminology"
    terminology.mkdir(parents=True)
    headers = {
        "sct2_Concept_Snapshot_INV_20260101.txt": (
            "id,effectiveTime,active,moduleId,definitionStatusId",
            concepts,
        ),
        "sct2_Description_Snapshot-en_INV_20260101.txt": (
            "id,effectiveTime,active,moduleId,conceptId,languageCode,typeId,term,caseSignificanceId",
            descriptions,
        ),
        "sct2_Relationship_Snapshot_INV_20260101.txt": (
            "id,effectiveTime,active,moduleId,sourceId,destinationId,relationshipGroup,typeId,characteristicTypeId,"
            "modifierId",
            relationships,
        ),
    }
    for name, (header, rows) in headers.items():
        text = end.join(row.replace(",", "\t") for row in (header, *rows)) + end
        (terminology / name).write_bytes(text.encode())
    return folder


def concept(code: str, active: str = "1") -> str:
    return f"{code},20260101,{active},9,8"


def description(number: int, code: str, term: str, kind: str = SYNONYM, active: str = "1", language: str = "en") -> str:
    return f"{number},20260101,{active},9,{code},{language},{kind},{term},7"


def is_a(number: int, child: str, parent: str, active: str = "1", kind: str = IS_A) -> str:
    return f"{number},20260101,{active},9,{child},{parent},0,{kind},6,5"


def small_snomed(folder: Path) -> Path:
    """A root 100 with 110 and 120 below it, 111 below both; 130 is inactive, 900 is no finding of the heart."""
    return write_snomed(
        folder,
        concepts=[concept("100"), concept("110"), concept("120"), concept("111"), concept("130", "0"), concept("900")],
        descriptions=[
            description(1, "100", "Finding of the trace (finding)", FULLY_SPECIFIED),
            description(2, "110", "Flutter of atrium (finding)", FULLY_SPECIFIED),
            description(3, "110", "Atrial flutter"),
            description(4, "110", "Vorhofflattern", language="de"),
            description(5, "110", "An old wording", active="0"),
            description(6, "120", "Bundle branch block (left) (disorder)", FULLY_SPECIFIED),
            description(7, "111", "Slow atrial flutter (disorder)", FULLY_SPECIFIED),
            description(8, "130", "Ventricular flutter (finding)", FULLY_SPECIFIED),
            description(9, "900", "Broken leg (disorder)", FULLY_SPECIFIED),
        ],
        relationships=[
            is_a(1, "110", "100"),
            is_a(2, "120", "100"),
            is_a(3, "111", "110"),
            is_a(4, "111", "120"),
            is_a(5, "130", "100"),
            is_a(6, "900", "100", active="0"),
            is_a(7, "900", "110", kind="363698007"),
        ],
    )

"""What PTB-XL's table tells beside its statements: likelihoods, heart axis, infarct stadium, pacemaker, extra beats.

What becomes of each is in docs/decisions/0014-likelihoods-and-annotations.md. The columns are described in Wagner et
al. 2020 (doi:10.1038/s41597-020-0495-6); how the axes lie was measured on the corpus.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

CERTAIN_FROM = 50.0
"""Likelihood in percent from which a statement is learned as present: "possible". Below are "cannot be excluded" (15)
and "to be considered" (35). Zero is no likelihood: form and rhythm statements, and diagnoses without one, are simply
stated."""

INFARCTS = ("IMI", "ASMI", "AMI", "ALMI", "LMI", "ILMI", "IPMI", "IPLMI", "PMI")
INJURIES = ("INJAS", "INJAL", "INJIN", "INJLA", "INJIL")
ACUTE, OLD = "ACUTEMI", "OLDMI"
OLD_STADIA = frozenset({"Stadium III", "Stadium II-III"})
RECENT_STADIA = frozenset({"Stadium I", "Stadium I-II", "Stadium II"})

AXES: Mapping[str, str] = {"MID": "AXN", "LAD": "LAD", "ALAD": "LADM", "RAD": "RAD", "ARAD": "RADM", "AXR": "AXV"}
"""Heart axis -> concept. Not taken: AXL, a borderline left axis, which is doubted, and SAG, which no concept names."""

EXTRA_BEAT = re.compile(r"(SV|V|)ES(?![A-Z])")
"""Extra beats are counted and typed, "2VES,SVES"; what a bare number counts, "1,V1", is not said, and not taken."""

BEATS = {"SV": "PAC", "V": "PVC"}
ANY_BEAT = "PRC(S)"
PACED = "PACE"


@dataclass(frozen=True)
class Annotations:
    """Codes of concepts that one record has, and of those that nobody knows of it; none is in both."""

    noted: tuple[str, ...] = ()
    doubted: tuple[str, ...] = ()


def annotate(
    statements: Mapping[str, float],
    *,
    axis: str = "",
    stadia: tuple[str, str] = ("", ""),
    pacemaker: str = "",
    extra_beats: str = "",
) -> Annotations:
    """Return what the likelihoods and the other columns of one record tell.

    Args:
        statements: Code -> likelihood in percent, 0 where none is given.
        axis: `heart_axis`.
        stadia: `infarction_stadium1` and `infarction_stadium2`.
        pacemaker: `pacemaker`.
        extra_beats: `extra_beats`.
    """
    doubted = {code for code, likelihood in statements.items() if 0 < likelihood < CERTAIN_FROM}
    certain = statements.keys() - doubted
    noted: set[str] = set()

    if axis in AXES:
        noted.add(AXES[axis])
    elif axis == "AXL":
        doubted.add("LAD")

    noted_age, doubted_age = _age_of_infarct(certain, set(statements), set(stadia))
    noted |= noted_age
    doubted |= doubted_age
    if statements.keys() & {*INFARCTS, *INJURIES} and "STE_" not in statements:
        # 28 records carry "ST elevation": who states an infarct or an injury does not name its ST segment as well.
        doubted.add("STE_")

    if pacemaker and PACED not in statements:
        doubted.add(PACED)  # among them wandering pacemakers, which are none

    kinds = {match.group(1) for match in EXTRA_BEAT.finditer(extra_beats)}
    noted |= {BEATS[kind] for kind in kinds if kind} or ({ANY_BEAT} if kinds else set())
    if "" in kinds:
        doubted |= {code for code in BEATS.values() if code not in certain}
    return Annotations(tuple(sorted(noted - certain)), tuple(sorted(doubted - noted)))


def _age_of_infarct(certain: set[str], stated: set[str], stadia: set[str]) -> tuple[set[str], set[str]]:
    """Return which of `ACUTE` and `OLD` a record has, and which nobody knows."""
    infarct = bool(certain & set(INFARCTS))
    noted = set()
    if infarct and "Stadium I" in stadia:
        noted.add(ACUTE)
    if infarct and stadia & OLD_STADIA:
        noted.add(OLD)
    doubted = set()
    only_old = stadia - {""} <= OLD_STADIA and stadia & OLD_STADIA
    only_recent = stadia - {""} <= RECENT_STADIA and stadia & RECENT_STADIA
    if stated & {*INFARCTS, *INJURIES} or stadia - {""}:
        if not (infarct and only_old) or stated & set(INJURIES):
            doubted.add(ACUTE)
        if not (infarct and only_recent):
            doubted.add(OLD)
    return noted, doubted - noted

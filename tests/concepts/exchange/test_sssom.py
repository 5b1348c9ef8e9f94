from __future__ import annotations

import csv
from io import StringIO

import yaml

from suprem.concepts.exchange.exchanged import ExchangedRow
from suprem.concepts.exchange.sssom import read_sssom, to_sssom
from suprem.concepts.review.decision import Equivalence, Status

# Of another tool: subjects are concepts there, objects SNOMED CT's.
ELSEWHERE = """\
#curie_map:
#  SNOMEDCT: "http://snomed.info/id/"
subject_id\tsubject_label\tpredicate_id\tpredicate_modifier\tobject_id\tobject_label\tmapping_justification\t\
author_label\tmapping_date\tconfidence
x:1\ta fib\tskos:exactMatch\t\tSNOMEDCT:49436004\tAtrial fibrillation\tsemapv:ManualMappingCuration\t\
Maria|Ben\t2026-01-02\t0.9
x:2\tflutter\tskos:exactMatch\tNot\tSNOMEDCT:49436004\tAtrial fibrillation\tsemapv:ManualMappingCuration\t\t\t
x:3\tstrain\tskos:closeMatch\t\tSNOMEDCT:1\tStrain\tsemapv:ManualMappingCuration\t\t\t
x:4\todd\trdfs:seeAlso\t\tSNOMEDCT:1\tStrain\tsemapv:ManualMappingCuration\t\t\t
"""


def test_a_table_of_another_tool_is_read() -> None:
    fibrillation, flutter, strain, odd = read_sssom(ELSEWHERE)
    assert fibrillation == ExchangedRow(
        "a fib", "", "Atrial fibrillation", "49436004", Status.APPROVED, Equivalence.EQUAL, ("Maria", "Ben"),
        "2026-01-02", "", 0.9,
    )  # fmt: skip
    assert flutter.status is Status.UNREVIEWED, "a mapping that is denied is none"
    assert strain.equivalence is Equivalence.INEXACT
    assert odd.status is Status.UNREVIEWED


def test_prefixes_are_declared_and_required_slots_filled() -> None:
    rows = [
        ExchangedRow("lvh", "LVH", "left ventricular hypertrophy", "164873001", Status.APPROVED, Equivalence.EQUAL),
        ExchangedRow("x", status=Status.NO_TARGET),
    ]
    lines = to_sssom(rows, "v").splitlines()
    head = yaml.safe_load("\n".join(line[1:] for line in lines if line.startswith("#")))
    table = list(csv.DictReader(StringIO("\n".join(lines[len(lines) - 3 :])), delimiter="\t"))
    used = {
        row[column].split(":")[0] for row in table for column in ("predicate_id", "object_id", "mapping_justification")
    }
    assert used <= head["curie_map"].keys()
    assert head["mapping_set_id"] == "urn:suprem-studio:mapping:v"
    assert all(row["subject_label"] and row["subject_type"] == "rdfs literal" for row in table)
    assert [row["object_id"] for row in table] == ["suprem:LVH", "sssom:NoTermFound"]

"""Tables of another hospital: what is read, what is left open, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from suprem.datasets.external import read_label_table
from suprem.datasets.external_layouts import is_external, read_external
from suprem.errors import DatasetError


def write(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_finding_is_known_of_the_records_that_the_table_speaks_of(tmp_path: Path) -> None:
    write(tmp_path, "labels.csv", "record,finding,present,patient", "a,flutter,1,p", "b,flutter,0,p", "c,flutter,,q",
          "c,pacing,1,q")  # fmt: skip
    write(
        tmp_path,
        "readers.csv",
        "record,finding,reader,present,kind",
        "a,flutter,R1,0,resident",
        "b,flutter,R1,0,resident",
    )
    write(tmp_path, "systems.csv", "record,finding,system,score", "a,flutter,net,0.9", "b,flutter,net,0.1")
    write(tmp_path, "queries.csv", "finding,query", "flutter,atrial flutter", "flutter,saw-tooth waves")
    corpus = read_external(tmp_path)
    flutter, pacing = corpus.findings
    assert flutter.present == {"a": True, "b": False}
    assert flutter.queries == ("atrial flutter", "saw-tooth waves")
    assert flutter.readers[0].answers == {"a": False, "b": False}
    assert flutter.readers[0].kind == "resident"
    assert flutter.systems == {"net": {"a": 0.9, "b": 0.1}}
    assert (pacing.queries, pacing.present) == (("pacing",), {"c": True})
    assert corpus.patients == {"a": "p", "b": "p", "c": "q"}
    assert corpus.records == ("a", "b", "c")


WRONG = {
    "present is 1, 0 or empty": ("labels.csv", "record,finding,present", "a,flutter,yes"),
    "lacks the column": ("labels.csv", "record,finding", "a,flutter"),
    "has another value": ("labels.csv", "record,finding,present", "a,flutter,1", "a,flutter,0"),
    "says of no record": ("labels.csv", "record,finding,present", "a,flutter,"),
    "has no finding": ("readers.csv", "record,finding,reader,present", "a,fluter,R1,1"),
    "is no number": ("systems.csv", "record,finding,system,score", "a,flutter,net,high"),
}


@pytest.mark.parametrize(("message", "table"), WRONG.items(), ids=WRONG)
def test_a_table_of_another_form_is_told(tmp_path: Path, message: str, table: tuple[str, ...]) -> None:
    write(tmp_path, "labels.csv", "record,finding,present", "a,flutter,1")
    write(tmp_path, *table)
    with pytest.raises(DatasetError, match=message.replace("present is", "`present` is")):
        read_label_table(tmp_path)


def test_a_record_outside_the_folder_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "labels.csv", "record,finding,present", "../a,flutter,1")
    with pytest.raises(DatasetError, match="outside its folder"):
        read_label_table(tmp_path).file("../a")


def test_a_competitions_tables_and_infarcts_of_any_artery(tmp_path: Path) -> None:
    arteries = ("STEMI-LAD", "STEMI-RCA", "STEMI-LCx", "STEMI-LMCA")
    head = ",".join(f"X[{one}]" for one in ("Normal", *arteries))
    write(
        tmp_path,
        "infarct_label.csv",
        "exam_type,hash_id," + head.replace("X", "LABEL"),
        "i,a,0,0,1,0,0",
        "i,b,1,0,0,0,0",
    )
    write(tmp_path, "infarct_user_results.csv", "exam_type,hash_id,DOCTOR_ID," + head.replace("X", "USER_ANSWER"),
          "i,a,CV-R2 (1),0,1,0,0,0", "i,b,CV-R2 (1),1,0,0,0,0", "i,b,CV-R2 (1),0,1,0,0,0")  # fmt: skip
    write(
        tmp_path,
        "infarct_AI_pred.csv",
        "exam_type,hash_id," + head.replace("X", "AI"),
        "i,a,.1,.2,.4,.2,.1",
        "i,b,.9,.1,0,0,0",
    )
    assert is_external(tmp_path)
    findings = {one.name: one for one in read_external(tmp_path).findings}
    assert set(findings) == {*arteries, "STEMI of any artery"}, "Normal is no finding"
    whole = findings["STEMI of any artery"]
    assert whole.is_union
    assert whole.group == "infarct"
    assert whole.present == {"a": True, "b": False}
    assert whole.readers[0].answers == {"a": True, "b": False}, "the first answer counts"
    assert whole.readers[0].kind == "CV-R"
    assert whole.systems["that hospital's own network"] == pytest.approx({"a": 0.9, "b": 0.1})


def test_findings_in_headers(tmp_path: Path) -> None:
    write(tmp_path, "1.hea", "1 1 500 10", "1.dat 16", "#<diagnoses>:", "#Rhythm: Sinus bradycardia.",
          "#Electric axis of the heart: normal.", "#Ischemia: inferior wall.", "#Ischemia: lateral wall. ")  # fmt: skip
    write(tmp_path, "2.hea", "2 1 500 10", "2.dat 16", "#<diagnoses>:", "#Rhythm: Sinus rhythm.")
    findings = {one.name: one for one in read_external(tmp_path).findings}
    assert set(findings) == {"sinus bradycardia", "normal axis", "ischemia", "sinus rhythm"}
    assert findings["ischemia"].present == {"1": True, "2": False}
    assert findings["ischemia"].queries == ("myocardial ischemia",)


def test_the_real_tables_are_read(test_data: Path) -> None:
    corpus = read_external(test_data / "tsgh")
    findings = {(one.group, one.name): one for one in corpus.findings}
    assert len(corpus.records) == 698
    assert sum(findings["myocardial infarction", "STEMI of any artery"].present.values()) == 87
    assert len(findings["arrhythmia", "Ventricular tachycardia"].readers) == 10
    assert all(corpus.file(record).is_file() for record in corpus.records[:20])
    assert len(read_external(test_data / "ludb").records) == 20

"""What a statement leaves unsaid is completed: verbs of forms, nouns of rhythms, and what an adjective denies."""

from __future__ import annotations

import pytest

from suprem.reports.elision import criterion_start, without_criteria
from suprem.reports.rules import extract_statement
from suprem.reports.statement import split_statements

KINDS = {"a": "abnormal", "n": "normal", "u": "uncertain", "x": "negated"}


def read(text: str) -> list[str]:
    """Return what is read as "a:name", statement by statement."""
    letter = {kind: one for one, kind in KINDS.items()}
    entities = [one for statement in split_statements(text) for one in extract_statement(statement.text).entities]
    return [f"{letter[one.certainty.value]}:{one.name}" for one in entities]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("PR: prolonged; ST: elevated V2-V4; T: normal", ["a:pr prolonged", "a:st elevated v2-v4", "n:t wave normal"]),
        ("QTc: borderline prolonged", ["u:qtc borderline prolonged"]),
        ("P waves: absent; QRS narrow", ["a:no p waves", "n:narrow qrs"]),
        ("QRS: LBBB; axis: left", ["a:left bundle branch block", "a:left axis deviation"]),
        ("Ectopy: frequent PVCs", ["a:frequent premature ventricular complex"]),
        ("Block: none | Ischemia: none", ["x:block", "x:ischemia"]),
    ],
)
def test_a_colon_in_a_form_is_a_verb_and_its_heading_no_finding(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("possible junctional or atrial fibrillation", ["u:junctional rhythm", "u:atrial fibrillation"]),
        ("back to sinus with PACs", ["n:sinus rhythm", "a:premature atrial complex"]),
        ("paced, rate 60", ["a:paced rhythm"]),
        ("sinus tachycardia", ["a:sinus tachycardia"]),
        ("coronary sinus rhythm", ["a:coronary sinus rhythm"]),
        ("paced complexes", ["a:paced complexes"]),
    ],
)
def test_an_adjective_without_a_noun_names_the_rhythm(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Digitalis effect absent", ["x:digitalis effect"]),
        ("LBBB, Sgarbossa negative", ["a:left bundle branch block", "x:sgarbossa"]),
        ("neg Sgarbossa criteria", ["x:sgarbossa criteria"]),
        ("negative T waves in III", ["a:negative t waves in iii"]),
        ("early repolarization, less likely pericarditis", ["a:early repolarization", "u:pericarditis"]),
        ("no delta wave and a normal PR interval", ["x:delta wave", "n:normal pr interval"]),
        ("the axis is leftward and PACs are gone", ["a:axis leftward", "x:premature atrial complex"]),
    ],
)
def test_what_an_adjective_says_of_a_finding_is_held_apart_from_a_wave(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("MYOCARDIAL INFARCTION, INFERIOR, OLD", ["a:myocardial infarction inferior old"]),
        ("Infarct, anterolateral (?)", ["u:infarction anterolateral"]),
        ("ST horizontal depression 0.1mV V4-V6", ["a:st horizontal depression v4-v6"]),
        ("af RVR 140", ["a:atrial fibrillation with rapid ventricular response"]),
        ("de Winter T waves? vs hyperacute T waves", ["u:de winter t waves", "u:hyperacute t waves"]),
    ],
)
def test_places_ages_and_alternatives_behind_a_finding_are_kept(text: str, found: list[str]) -> None:
    assert read(text) == found


def test_criteria_in_brackets_are_no_findings_and_leave_places_in_the_text() -> None:
    text = "LEFT AXIS DEVIATION [QRS AXIS < -30], LVH [ST DEPRESSION IN V5]"
    assert read(text) == ["a:left axis deviation", "a:left ventricular hypertrophy"]
    assert len(without_criteria(text)) == len(text)
    assert without_criteria("[Sinus rhythm]") == "[Sinus rhythm]"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("FIRST DEGREE AV BLOCK...PR >220, V-rate 50-90", ["a:first degree av block"]),
        ("LEFT ATRIAL ENLARGEMENT...P >60mS, <-0.15mV V1", ["a:left atrial enlargement"]),
        ("QTc 310 ms", ["a:short qt interval"]),
        ("PR 96 ms", ["a:short pr interval"]),
    ],
)
def test_limits_that_were_met_are_no_measurements_of_their_own(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no ischemia, ?LVH", ["x:ischemia", "u:left ventricular hypertrophy"]),
        ("no acute ischemia, old anterior MI", ["x:ischemia", "a:old anterior myocardial infarction"]),
        ("no ischemia, infarction, or hypertrophy", ["x:ischemia", "x:infarction", "x:hypertrophy"]),
        ("pulmonary embolism until proven otherwise", ["u:pulmonary embolism"]),
        ("ST elevation which I believe represents pericarditis", ["a:st elevation", "u:pericarditis"]),
        ("the septal infarct is a false positive", ["x:septal infarction"]),
        ("sick sinus, PACs", ["a:sick sinus syndrome", "a:premature atrial complex"]),
    ],
)
def test_a_denial_ends_where_a_doubt_or_another_finding_begins(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SINUS TACHYCARDIA .......... normal P axis, V-rate> 99", ["a:sinus tachycardia"]),
        ("LEFT BUNDLE BRANCH BLOCK ........ QRSd>120, broad notched R", ["a:left bundle branch block"]),
        ("LOW VOLTAGE ........ all limb leads <0.5mV\nACUTE PERICARDITIS", ["a:low voltage", "a:acute pericarditis"]),
        ("Rhythm ......... sinus", ["a:rhythm", "n:sinus rhythm"]),
        ("RBBB ........ LAFB", ["a:right bundle branch block", "a:left anterior fascicular block"]),
    ],
)
def test_a_criterion_behind_a_row_of_dots_is_no_finding(text: str, found: list[str]) -> None:
    assert read(text) == found


def test_a_row_of_dots_without_a_criterion_hides_nothing() -> None:
    assert criterion_start("RBBB ........ LAFB") is None
    assert criterion_start("sinus rhythm ..... old infarct") is None
    assert criterion_start("NO ROW...PR > 200") is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Delta wave: no", "x:delta wave"),
        ("Pacing spikes - none", "x:pacing spikes"),
        ("PVCs: frequent", "a:frequent premature ventricular complex"),
        ("LBBB: present", "a:left bundle branch block"),
        ("Pauses: rare", "a:rare pauses"),
    ],
)
def test_an_answer_belongs_to_the_heading_that_it_is_of(text: str, found: str) -> None:
    assert read(text) == [found]
    assert [entity.text for entity in extract_statement(text).entities] == [text]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sinus or junctional bradycardia", ["u:sinus bradycardia", "u:junctional bradycardia"]),
        ("atrial and ventricular ectopics", ["a:atrial premature complex", "a:ventricular premature complex"]),
        ("no atrial or ventricular arrhythmias", ["x:atrial arrhythmias", "x:ventricular arrhythmias"]),
        ("ventricular flutter or fibrillation", ["u:ventricular flutter", "u:ventricular fibrillation"]),
        ("couplets but no runs", ["a:couplets", "x:runs"]),
    ],
)
def test_adjectives_share_the_noun_that_follows(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Rhythm: sinus bradycardia", ["a:sinus bradycardia"]),
        ("now sinus tachycardia", ["a:sinus tachycardia"]),
        ("Rhythm: sinus", ["n:sinus rhythm"]),
        ("now sinus", ["n:sinus rhythm"]),
        ("A. fib with LBBB", ["a:atrial fibrillation", "a:left bundle branch block"]),
        ("WPW type A. Tachycardia", ["a:wpw type a", "a:tachycardia"]),
    ],
)
def test_a_head_of_a_line_leaves_the_rhythm_whole(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("normal intervals and axis", ["n:normal intervals", "n:normal axis"]),
        ("normal rate, rhythm, axis", ["n:normal rate", "n:normal rhythm", "n:normal axis"]),
        ("regular rate and rhythm", ["n:regular rhythm"]),
        ("QTc within normal limits", ["n:qtc within normal limits"]),
        ("normal axis, PR prolonged", ["n:normal axis", "a:pr prolonged"]),
        ("normal axis and short PR", ["n:normal axis", "a:short pr"]),
    ],
)
def test_normal_is_said_of_all_that_is_joined(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("borderline PR interval", ["u:prolonged pr interval"]),
        ("QTc borderline", ["u:qtc borderline prolonged"]),
        ("P waves are not visible", ["a:no p waves"]),
        ("LVH (voltage)", ["a:left ventricular hypertrophy by voltage"]),
        ("Old inferior infarct (LAD)", ["a:old inferior infarction"]),
        ("Sinus rhythm (LAD)", ["n:sinus rhythm", "a:left axis deviation"]),
        ("STD V4-6", ["a:st depression v4-6"]),
        ("low voltage in extremity and chest leads", ["a:low voltage in limb leads and chest leads"]),
        ("ST elevation of 2 mm in V2-V4", ["a:st elevation in v2-v4"]),
        ("atypical ECG", ["a:atypical ecg"]),
        ("ECG shows appropriate atrial pacing", ["a:atrial pacing"]),
    ],
)
def test_short_forms_are_read_for_what_they_stand_for(text: str, found: list[str]) -> None:
    assert read(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Doesn't meet STEMI criteria", ["x:st elevation myocardial infarction"]),
        ("I disagree with the LVH", ["x:left ventricular hypertrophy"]),
        ("no features of pericarditis", ["x:pericarditis"]),
        ("ST depression has settled", ["x:st depression"]),
        ("pacemaker check last week", []),
        ("mitral stenosis?", ["u:mitral stenosis"]),
        ("pacing malfunction", ["a:pacing malfunction"]),
        ("Sokolow-Lyon index positive", ["a:voltage criteria for left ventricular hypertrophy"]),
        ("SVT w/ aberrancy", ["a:svt with aberrancy"]),
        ("dilated LA", ["a:left atrial enlargement"]),
    ],
)
def test_families_of_terms_are_known(text: str, found: list[str]) -> None:
    assert read(text) == found

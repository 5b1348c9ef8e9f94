"""The report and concept pages: from reports over thresholds and decisions to an approved mapping, by two reviewers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from pipelines import build_vocabulary
from suprem.concepts.mapping.versions import VocabularyVersion, list_versions
from suprem.concepts.review.store import Equivalence, ReviewStore, Status
from suprem.concepts.vocabulary import Concept, Vocabulary, read_vocabulary
from suprem.jobs.job import Job
from suprem.settings import load_settings
from tests.fakes import FakeEmbedder

ROOT = Path(__file__).resolve().parents[2]
ENTITIES, CONCEPTS = "2_Report_Entities.py", "3_Concept_Map.py"
REPORTS = """id,report
1,sinus rhythm. left ventricular hypertrophy.
2,sinus rhythm. old inferior infarction.
3,sinus rhythm. atrial premature complexes. no st elevation.
4,atrial fibrillation. left axis deviation.
"""

Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation of its own, with an encoder that loads at once."""
    monkeypatch.setenv("SUPREM_HOME", str(tmp_path / "home"))
    for module in ("suprem.web.concept_map.concept_cache", "suprem.experiments.vocabulary_building"):
        monkeypatch.setattr(f"{module}.load_embedder", lambda _name: FakeEmbedder())
    yield tmp_path / "home"
    st.cache_resource.clear()


@pytest.fixture
def version(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> VocabularyVersion:
    (tmp_path / "reports.csv").write_text(REPORTS)
    assert build_vocabulary.main(["--reports", str(tmp_path / "reports.csv")]) == 0
    capsys.readouterr()
    (version,) = list_versions(load_settings().vocabularies)
    return version


def open_page(name: str, *, reviewer: str = "") -> AppTest:
    app = AppTest.from_file(str(ROOT / "suprem" / "web" / "main.py"), default_timeout=60)
    app.switch_page(str(ROOT / "pages" / name)).run()
    app.button(key="acknowledge").click().run()
    assert not app.exception
    if reviewer:
        app.text_input(key="reviewer").set_value(reviewer).run()
    return app


def view(app: AppTest, name: str) -> AppTest:
    app.segmented_control(key="concept-view").set_value(name).run()
    assert not app.exception
    return app


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    assert not app.exception
    elements = [*app.markdown, *app.caption, *app.subheader, *app.info, *app.error, *app.success, *app.warning]
    texts = [element.value for element in elements] + [element.proto.body for element in app.get("html")]
    return "\n".join(texts).replace("\\", "")


def store() -> ReviewStore:
    return ReviewStore.open(load_settings().database)


def under_review(app: AppTest) -> str:
    (heading,) = (e.proto.body for e in app.get("html") if e.proto.body.startswith("<h3"))
    return heading.split(">")[1].split("<")[0]


# Report entities


def test_the_shipped_reports_are_there_on_the_first_visit() -> None:
    app = open_page(ENTITIES)
    assert {metric.label: metric.value for metric in app.metric}["Reports"] == "40"
    assert '<mark class="entity normal focus"' in shown(app), "the most frequent entity is marked in its reports"
    app.text_input(key="entity-search").set_value("inferior infarction").run()
    assert "inferior infarction" in shown(app)
    app.text_input(key="entity-search").set_value("nothing of the kind").run()
    assert "No entity passes these filters" in shown(app)


def test_a_pasted_report_is_marked_and_mapped_and_none_of_it_is_markup() -> None:
    app = open_page(ENTITIES)
    app.text_area(key="pasted-report").set_value("Atrial fibrillation. <script>No ST elevation.</script>").run()
    assert "&lt;script&gt;" in shown(app)
    assert "<script>" not in shown(app)
    rows = app.dataframe[-1].value.to_dict("records")
    assert [(row["entity"], row["stated as"]) for row in rows] == [
        ("atrial fibrillation", "abnormal"),
        ("st elevation", "denied"),
    ]
    assert rows[0]["concept"] == "atrial fibrillation"
    app.text_area(key="pasted-report").set_value("Le patient va bien.").run()
    assert "No finding was recognised" in shown(app)


def test_an_uploaded_table_stays_in_the_session_and_a_wrong_one_is_a_sentence(home: Path) -> None:
    app = open_page(ENTITIES)
    app.segmented_control(key="report-source").set_value("Upload a table").run()
    assert "Choose a table of reports" in shown(app)
    app.file_uploader(key="report-table").upload("reports.csv", REPORTS.encode()).run()
    assert {metric.label: metric.value for metric in app.metric}["Reports"] == "4"
    app.file_uploader(key="report-table").upload("other.csv", b"a,b\n1,2\n").run()
    assert "has no id column" in shown(app)
    assert not list(home.rglob("*.csv"))


def test_a_table_of_the_installation_is_offered_to_everyone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own.csv").write_text(REPORTS)
    monkeypatch.setenv("SUPREM_REPORTS", str(tmp_path / "own.csv"))
    assert {metric.label: metric.value for metric in open_page(ENTITIES).metric}["Reports"] == "4"


# Concept map


def test_without_a_version_the_page_offers_to_build_one(home: Path, started: list[Job]) -> None:
    app = open_page(CONCEPTS)
    assert "There is no vocabulary version yet" in shown(app)
    press(app, "build-version")
    (job,) = started
    assert job.spec.stage == "build_vocabulary"
    assert job.spec.configuration["out"] == str(home / "vocabularies")


def test_own_reports_and_an_imported_vocabulary_become_a_version(
    home: Path, version: VocabularyVersion, started: list[Job]
) -> None:
    app = view(open_page(CONCEPTS), "New version")
    app.radio(key="version-source").set_value("Upload a table").run()
    assert app.button(key="build-version").disabled
    app.file_uploader(key="version-table").upload("Jane Doe.csv", b"a,b\n1,2\n").run()
    assert "has no id column" in shown(app)
    app.file_uploader(key="version-table").upload("Jane Doe.csv", (REPORTS + "5,normal axis\n").encode()).run()
    assert "5 reports read" in shown(app)
    app.radio(key="target-vocabulary").set_value("Another vocabulary …").run()
    assert app.button(key="build-version").disabled
    app.file_uploader(key="vocabulary-file").upload("own.json", b'{"concepts": 7}').run()
    assert "This is not a vocabulary" in shown(app)
    own = Vocabulary((Concept("AX", "normal axis"), Concept("SR", "sinus rhythm")))
    app.file_uploader(key="vocabulary-file").upload("own.json", own.to_json().encode()).run()
    press(app, "build-version")
    (job,) = started
    (table,) = (home / "reports").iterdir()
    assert job.spec.configuration["reports"] == str(table)
    assert "Doe" not in str(job) + shown(app)

    assert build_vocabulary.main(["--job", str(job.configuration_file)]) == 0
    made = next(one for one in list_versions(home / "vocabularies") if one.id != version.id)
    assert {row.entity: row.code for row in made.mappings()}["normal axis"] == "AX"
    assert made.table == table.stem
    press(app, f"remove-{table.stem}")
    assert not table.exists()


def test_reports_that_were_looked_at_go_on_to_a_version(home: Path) -> None:
    app = open_page(ENTITIES)
    app.segmented_control(key="report-source").set_value("Upload a table").run()
    app.file_uploader(key="report-table").upload("reports.csv", REPORTS.encode()).run()
    press(app, "build-of-these")
    (table,) = (home / "reports").iterdir()
    assert app.radio(key="version-source").value.endswith(f"({table.stem[:6]})")
    assert not app.button(key="build-version").disabled


def test_nothing_is_decided_without_a_name(version: VocabularyVersion) -> None:
    app = open_page(CONCEPTS)
    assert "Write your name above" in shown(app)
    assert "Frequencies" in app.segmented_control(key="concept-view").options
    view(app, "Frequencies")
    assert {metric.label for metric in app.metric} >= {"Entities", "Clusters", "Concepts"}


def test_decisions_are_written_at_once_and_the_next_row_starts_anew(version: VocabularyVersion) -> None:
    app = open_page(CONCEPTS, reviewer="Anna")
    assert under_review(app) == "sinus rhythm", "the row that most records state comes first"
    press(app, "review-equal")
    app.text_input(key=f"comment-{version.id}-sinus rhythm").set_value("clear").run()
    press(app, "review-approve")
    (decision,) = store().current(version.id, "Anna").values()
    assert (decision.entity, decision.status, decision.code) == ("sinus rhythm", Status.APPROVED, "SR")
    assert (decision.equivalence, decision.comment) == (Equivalence.EQUAL, "clear")

    second = under_review(app)
    assert second != "sinus rhythm"
    press(app, "review-no-target")
    taken = store().current(version.id, "Anna")[second]
    assert (taken.status, taken.equivalence, taken.comment) == (Status.NO_TARGET, None, "")
    assert "2 of " in app.get("progress")[0].proto.text

    press(app, "review-undo")
    assert under_review(app) == second
    assert store().current(version.id, "Anna").keys() == {"sinus rhythm"}


def test_a_candidate_is_chosen_by_its_number_and_any_concept_from_the_list(version: VocabularyVersion) -> None:
    app = open_page(CONCEPTS, reviewer="Anna")
    app.text_input(key="review-search").set_value("axis").run()
    assert under_review(app) == "left axis deviation"
    press(app, "review-approve")
    assert "No concept is chosen on this row" in shown(app), "nothing is proposed, so nothing can be approved yet"
    assert store().current(version.id, "Anna") == {}
    press(app, "candidate-2")
    app.selectbox(key=f"other-{version.id}-left axis deviation").set_value("WPW").run()
    press(app, "review-approve")
    assert store().current(version.id, "Anna")["left axis deviation"].code == "WPW"
    assert "No row passes these filters" in shown(app)


def test_exact_matches_are_approved_at_once_and_taken_back_at_once(version: VocabularyVersion) -> None:
    store().decide(version.id, "sinus rhythm", "Anna", status=Status.FLAGGED, code="SR")
    app = open_page(CONCEPTS, reviewer="Anna")
    before = store().current(version.id, "Anna")
    exact = {row.entity for row in version.mappings() if row.similarity == 1.0 and not row.guard} - {"sinus rhythm"}
    assert f"({len(exact):,})" in app.button(key="review-exact").label
    press(app, "review-exact")
    approved = store().current(version.id, "Anna")
    assert {entity for entity, one in approved.items() if one.status is Status.APPROVED} == exact
    assert approved["sinus rhythm"].status is Status.FLAGGED, "what was decided stays"
    press(app, "review-undo")
    assert store().current(version.id, "Anna") == before
    assert store().verify() is None
    press(app, "review-undo")
    assert store().current(version.id, "Anna") == {}


def test_a_concept_that_is_missing_is_proposed_and_becomes_part_of_the_next_vocabulary(
    home: Path, version: VocabularyVersion
) -> None:
    app = open_page(CONCEPTS, reviewer="Anna")
    app.text_input(key="review-search").set_value("left axis").run()
    entity = under_review(app)
    name = app.text_input(key=f"propose-{version.id}-{entity}")
    name.set_value("sinus rhythm")
    press(app, "review-propose")
    assert "is a wording of sinus rhythm" in shown(app), "what the vocabulary has is not proposed"
    app.text_input(key=f"propose-{version.id}-{entity}").set_value("Heart axis to the left")
    press(app, "review-propose")
    assert store().current(version.id, "Anna")[entity].status is Status.FLAGGED
    view(app, "Versions")
    assert app.dataframe[-1].value["proposed on"].tolist() == [entity]
    press(app, "add-proposals")
    (path,) = (home / "terminologies").glob("*.json")
    concept = read_vocabulary(path).lookup(entity)
    assert concept is not None
    assert (concept.name, concept.code) == ("Heart axis to the left", "proposed:heart-axis-to-the-left")
    assert path.stem in app.radio(key="target-vocabulary").value


def test_keys_step_through_the_list_and_stop_at_its_ends(version: VocabularyVersion) -> None:
    app = open_page(CONCEPTS, reviewer="Anna")
    first = under_review(app)
    press(app, "review-previous")
    assert under_review(app) == first
    press(app, "review-next")
    assert under_review(app) != first
    press(app, "review-previous")
    assert under_review(app) == first
    press(app, "review-undo")
    assert "nothing left to undo" in shown(app)


def test_a_row_decided_in_another_tab_is_not_overwritten_unseen(version: VocabularyVersion) -> None:
    app = open_page(CONCEPTS, reviewer="Anna")
    store().decide(version.id, "sinus rhythm", "Anna", status=Status.FLAGGED, code="SR")
    press(app, "review-approve")
    assert "decided elsewhere" in shown(app)
    assert store().current(version.id, "Anna")["sinus rhythm"].status is Status.FLAGGED


def test_reviewers_do_not_see_each_other_until_both_have_decided(version: VocabularyVersion) -> None:
    store().decide(version.id, "sinus rhythm", "Berta", status=Status.NO_TARGET, comment="not so sure")
    app = open_page(CONCEPTS, reviewer="Anna")
    assert "Berta" not in shown(app)
    assert "not so sure" not in shown(app)
    press(app, "review-approve")
    view(app, "Reviewers")
    assert "To adjudicate: 1" in shown(app)
    assert "not so sure" in shown(app)
    assert "A third person adjudicates it" in shown(app)

    app = view(open_page(CONCEPTS, reviewer="Clara"), "Reviewers")
    row = f"{version.id}-sinus rhythm"
    app.selectbox(key=f"ruling-{row}").set_value("SARRH").run()
    press(app, f"rule-{row}")
    assert "give a reason" in shown(app)
    app.text_input(key=f"reason-{row}").set_value("it is irregular").run()
    press(app, f"rule-{row}")
    assert "To adjudicate: 0" in shown(app)
    assert store().approved(version.id) == {"sinus rhythm": "SARRH"}, "any concept can be ruled, not only those named"
    assert store().adjudications(version.id)["sinus rhythm"].comment == "it is irregular"


def test_a_threshold_is_previewed_then_applied_as_the_next_version(version: VocabularyVersion) -> None:
    app = open_page(CONCEPTS, reviewer="Anna")
    press(app, "review-no-target")  # sinus rhythm, against what was computed
    view(app, "Thresholds")
    assert "0 rows" in app.metric[0].value
    assert app.metric[1].value == "1 row", "the decision takes sinus rhythm away"
    app.slider(key=f"map-{version.id}").set_value(1.0).run()
    assert app.dataframe[0].value["change"].tolist().count("lost") >= 1
    press(app, "apply")
    first, second = list_versions(version.folder.parent)
    assert (first, second.parent, second.number) == (version, version.id, 2)
    assert second.thresholds.map == 1.0
    assert app.selectbox(key="version").value == second.id
    assert "SR" not in second.vocabulary().codes
    assert "Version 2 is made" in shown(app)
    assert store().audit.rows(limit=1)[0].action == "threshold_apply"
    assert store().verify() is None

    view(app, "Thresholds")
    assert [metric.value for metric in app.metric] == ["0 rows"] * 3, "what was decided stays so in the next version"
    view(app, "Versions")
    assert "You decided 1 row of version 1" in shown(app).replace("**", "")
    press(app, "carry-over")
    assert store().current(second.id, "Anna").keys() == {"sinus rhythm"}


def test_no_version_is_made_from_a_preview_that_was_not_seen(version: VocabularyVersion) -> None:
    app = view(open_page(CONCEPTS, reviewer="Anna"), "Thresholds")
    app.slider(key=f"map-{version.id}").set_value(0.95).run()
    app.slider(key=f"map-{version.id}").set_value(1.0)
    app.button(key="apply").click()
    app.run()  # both at once, as when the button is pressed before the page has answered the slider
    assert "Look at it and apply again" in shown(app)
    assert list_versions(version.folder.parent) == [version]
    press(app, "apply")
    assert [made.thresholds.map for made in list_versions(version.folder.parent)] == [version.thresholds.map, 1.0]


def test_a_version_of_an_earlier_program_says_what_goes_elsewhere_today(version: VocabularyVersion) -> None:
    table, manifest = version.folder / "mapping.csv", version.folder / "manifest.json"
    table.write_text(table.read_text().replace("atrial fibrillation,AFIB", "atrial fibrillation,AFLT"))
    manifest.write_text(manifest.read_text().replace(version.mapping_code, "0" * 16))
    app = view(open_page(CONCEPTS, reviewer="Anna"), "Thresholds")
    assert "1 entity goes elsewhere today, in 1 records" in shown(app)
    assert app.metric[2].value == "1 row"


def test_what_is_settled_is_exported_and_the_log_says_so(version: VocabularyVersion) -> None:
    app = open_page(CONCEPTS, reviewer="Anna")
    press(app, "review-approve")
    view(app, "Export and audit")
    assert "1 of " in shown(app).replace("**", "")
    press(app, "verify")
    assert "Every row is as it was written" in shown(app)
    table = app.get("download_button")[0]
    assert not table.proto.disabled


def test_a_mapping_goes_out_and_comes_in_in_other_systems_formats(version: VocabularyVersion) -> None:
    app = view(open_page(CONCEPTS, reviewer="Anna"), "Export and audit")
    assert [button.proto.disabled for button in app.get("download_button")] == [True, False]  # Usagi takes all rows
    app.selectbox(key="exchange-format").set_value("fhir").run()
    assert app.get("download_button")[1].proto.disabled
    saved = (
        "sourceName,mappingStatus,equivalence,ADD_INFO:code\nsinus rhythm,APPROVED,EQUAL,SR\nunheard of,APPROVED,,SR\n"
    )
    app.file_uploader(key="mapping-upload").set_value(("m.csv", saved.encode(), "text/csv")).run()
    assert "1 row becomes a decision. Left out: 1 because their entity is not in this version" in shown(app)
    press(app, "take-in")
    assert "1 decisions were taken in" in shown(app)
    assert store().approved(version.id) == {"sinus rhythm": "SR"}
    assert [row.action for row in store().audit.rows()] == ["take_in", "accept_notice"]
    app.file_uploader(key="mapping-upload").set_value(("m.csv", b"nothing", "text/csv")).run()
    assert "no mapping that can be taken in" in shown(app)


def test_clusters_are_a_map_and_a_table(version: VocabularyVersion) -> None:
    app = view(open_page(CONCEPTS), "Clusters")
    assert len(app.get("plotly_chart")) == 1
    assert "sinus rhythm" in app.dataframe[0].value["cluster"].tolist()

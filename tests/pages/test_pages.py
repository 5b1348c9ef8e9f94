"""Every page through the main script: the gate first, then the journeys, with no traceback whatever is put in."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from suprem.concepts.vocabulary import load_terms
from suprem.ecg.checks.electrodes import ARMS, undo
from suprem.ecg.checks.quality import QualityFinding
from suprem.ecg.disturb import record_in_turn
from suprem.ecg.edit import Edit, EditKind, apply_edits
from suprem.ecg.examples import load_example
from suprem.ecg.record import EcgRecord
from suprem.export import RESEARCH_USE
from suprem.inference.encoded import EncodedSignals
from suprem.inference.predictor import Predictor
from suprem.web.read_ecg import quality_panel
from suprem.web.read_ecg.query_sets import START
from tests.ecg.formats.hospital_files import muse_file
from tests.tiny import ecg, write_checkpoint, write_wfdb

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.name for path in (ROOT / "pages").glob("*.py"))
READ = "1_Read_an_ECG.py"

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an untrained checkpoint with the shipped vocabulary: its scores mean nothing, its form is the real one."""
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"), vocabulary=load_terms())


@pytest.fixture(autouse=True)
def _no_cache_between_tests() -> Iterator[None]:
    yield
    st.cache_resource.clear()


@pytest.fixture
def open_page(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setenv("SUPREM_CHECKPOINT", str(checkpoint))

    def open_page(name: str = READ, *, agree: bool = True) -> AppTest:
        app = AppTest.from_file(str(ROOT / "suprem" / "web" / "main.py"), default_timeout=60)
        app.switch_page(str(ROOT / "pages" / name)).run()
        if agree:
            app.button(key="acknowledge").click().run()
        assert not app.exception
        return app

    return open_page


def shown(app: AppTest) -> str:
    """Return all text of the page."""
    elements = [*app.markdown, *app.caption, *app.title, *app.subheader, *app.info, *app.error]
    return "\n".join([element.value for element in elements] + [element.proto.body for element in app.get("html")])


def errors(app: AppTest) -> list[str]:
    assert not app.exception
    return [error.value.replace("\\", "") for error in app.error]


def plots(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


def upload(app: AppTest, **files: bytes) -> AppTest:
    """Upload files; a keyword's first underscore stands for the dot before the suffix."""
    app.segmented_control(key="source").set_value("Upload").run()
    for name, data in files.items():
        app.file_uploader(key="files").upload(name.replace("_", ".", 1), data)
    app.run()
    assert not app.exception
    return app


def wfdb_pair(folder: Path, **truth: float) -> dict[str, bytes]:
    write_wfdb(folder / "DOEJANE1960", ecg(**truth))
    return {f"DOEJANE1960_{suffix}": (folder / f"DOEJANE1960.{suffix}").read_bytes() for suffix in ("hea", "dat")}


@pytest.mark.parametrize("page", PAGES)
def test_the_gate_stands_before_every_page(open_page: Open, page: str) -> None:
    app = open_page(page, agree=False)
    text = shown(app)
    assert "Not a medical device" in text
    assert "Do not use for patient care" in text
    assert [button.key for button in app.button] == ["acknowledge"]
    assert plots(app) == 0
    assert len(app.get("arrow_data_frame")) == 0


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_without_error_and_carries_the_notice(open_page: Open, page: str) -> None:
    app = open_page(page)
    assert errors(app) == []
    assert RESEARCH_USE in shown(app)


@pytest.mark.parametrize("page", ["3_Concept_Map.py", "4_Training.py", "5_Evaluation.py", "7_Cohort.py"])
def test_a_database_that_is_gone_is_a_sentence_on_every_page_that_needs_it(
    open_page: Open, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page(page)
    (tmp_path / "folder.sqlite").mkdir()
    monkeypatch.setenv("SUPREM_DATABASE_URL", f"sqlite:///{tmp_path / 'folder.sqlite'}")
    app.run()
    assert any("The database cannot be opened" in error for error in errors(app))
    assert not app.exception


def test_nobody_passes_the_gate_whose_acceptance_cannot_be_logged(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "folder.sqlite").mkdir()
    monkeypatch.setenv("SUPREM_DATABASE_URL", f"sqlite:///{tmp_path / 'folder.sqlite'}")
    app = open_page(READ, agree=False)
    app.button(key="acknowledge").click().run()
    assert [button.key for button in app.button] == ["acknowledge"]
    assert any("review database cannot be used" in error for error in errors(app))


def test_a_page_run_by_itself_is_gated_as_well() -> None:
    app = AppTest.from_file(str(ROOT / "pages" / READ), default_timeout=60).run()
    assert [button.key for button in app.button] == ["acknowledge"]
    assert plots(app) == 0


def test_the_first_look_shows_trace_scores_and_attention_of_the_real_example(open_page: Open) -> None:
    app = open_page()
    assert plots(app) == 4
    assert app.text_area(key="queries").value == "\n".join(START)
    assert "not evidence" in shown(app)
    assert app.selectbox(key="looked-at").options[0] in START


def test_fragments_keep_their_place_whatever_stands_above_them(open_page: Open, tmp_path: Path) -> None:
    """A fragment is known by its place on the page; a click into one that the server knows by another is dropped."""

    def places(app: AppTest) -> list[list[int]]:
        return [place_of(app.main, key) for key in ("layout", "ecg-report", "edit-apply", "looked-at")]

    app = open_page()
    before = places(app)
    assert all(before)
    assert places(upload(app, **wfdb_pair(tmp_path))) == before
    app.toggle(key="comparing").set_value(True).run()
    assert places(app) == before


def place_of(block: Any, key: str) -> list[int]:
    """Return the way to the part of the page with a widget: the index in the page and in the part."""

    def holds(node: Any) -> bool:
        return getattr(node, "key", None) == key or any(map(holds, getattr(node, "children", {}).values()))

    (part,) = [index for index, child in block.children.items() if holds(child)]
    inside = block.children[part].children
    return [part, *(index for index, child in inside.items() if holds(child))]


def test_typed_queries_are_scored_and_empty_lines_and_repetitions_are_not(open_page: Open) -> None:
    app = open_page()
    app.text_area(key="queries").set_value("AF\n\n  \naf\nLBBB\n").run()
    assert errors(app) == []
    assert sorted(app.selectbox(key="looked-at").options) == ["AF", "LBBB"]


@pytest.mark.parametrize("text", ["x" * 10_000, "AF\n\x00", "12345"])
def test_a_query_that_cannot_be_used_gives_one_sentence(open_page: Open, text: str) -> None:
    app = open_page()
    app.text_area(key="queries").set_value(text).run()
    assert len(errors(app)) == 1
    assert plots(app) == 2


def test_no_query_asks_for_one(open_page: Open) -> None:
    app = open_page()
    app.text_area(key="queries").set_value(" \n").run()
    assert errors(app) == []
    assert "Type at least one query" in shown(app)


def test_a_set_fills_the_queries_and_own_sets_are_kept(open_page: Open, tmp_path: Path) -> None:
    app = open_page()
    app.selectbox(key="set").set_value("Rhythm").run()
    assert "Atrial flutter" in app.text_area(key="queries").value
    app.text_input(key="set-name").set_value("mine")
    app.button(key="save-set").click().run()
    assert errors(app) == []
    assert "mine" in app.selectbox(key="set").options
    assert (tmp_path / "artifacts" / "query_sets.json").is_file()
    app.button(key="delete-set").click().run()
    assert "mine" not in app.selectbox(key="set").options


def test_scores_are_computed_once_for_one_question(open_page: Open) -> None:
    app = open_page()
    first = app.session_state["suprem"].scored[""]
    app.selectbox(key="looked-at").set_value(app.selectbox(key="looked-at").options[1]).run()
    assert app.session_state["suprem"].scored[""] is first
    app.selectbox(key="example").set_value(app.selectbox(key="example").options[1]).run()
    assert app.session_state["suprem"].scored[""] is not first


def test_a_recording_is_encoded_once_and_its_quality_looked_at_once_a_view(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[EcgRecord] = []
    assessed: list[EcgRecord] = []
    encode, assess = Predictor.encode_record, quality_panel.assess_quality

    def count_encoding(predictor: Predictor, record: EcgRecord) -> EncodedSignals:
        encoded.append(record)
        return encode(predictor, record)

    def count_assessing(record: EcgRecord) -> list[QualityFinding]:
        assessed.append(record)
        return assess(record)

    monkeypatch.setattr(Predictor, "encode_record", count_encoding)
    monkeypatch.setattr(quality_panel, "assess_quality", count_assessing)
    app = open_page()
    assert len(encoded) == 1
    assert len(assessed) == 1
    app.text_area(key="queries").set_value("delta wave\natrial flutter").run()
    assert len(encoded) == 1, "other queries are asked of the same encoding"
    assert len(assessed) == 2
    app.selectbox(key="example").set_value(app.selectbox(key="example").options[1]).run()
    assert len(encoded) == 2


def test_attention_and_occlusion_are_shown_of_one_query_and_of_two(open_page: Open) -> None:
    app = open_page()
    assert "Attention and occlusion" in shown(app)
    first, second = app.selectbox(key="looked-at").options[:2]
    assert "Fall of the logit without the block" in app.get("plotly_chart")[-1].proto.spec, "occlusion comes first"
    read = app.session_state["suprem"].explained
    app.segmented_control(key="explanation-view").set_value("Attention beyond the usual").run()
    assert "not evidence" in app.get("plotly_chart")[-1].proto.spec
    assert "depends" in shown(app)
    app.segmented_control(key="explanation-view").set_value("Occlusion").run()
    app.selectbox(key="minus").select_index(0).run()
    assert errors(app) == []
    assert "(difference)" in app.get("plotly_chart")[-1].proto.spec
    assert f"“{first.split('  (')[0]}” minus “{second.split('  (')[0]}”" in shown(app).replace("\\", "")
    assert app.session_state["suprem"].explained is read, "the recording is encoded once"


def test_a_denied_finding_is_not_scored_and_that_is_said(open_page: Open) -> None:
    app = open_page()
    app.text_area(key="queries").set_value("no atrial fibrillation\nno zebra waves").run()
    assert list(app.selectbox(key="looked-at").options) == ["atrial fibrillation"]
    assert "“no atrial fibrillation” asks for an absence" in shown(app)
    app.text_area(key="queries").set_value("no zebra waves").run()
    assert errors(app) == []
    assert "asks for an absence" in shown(app)
    assert plots(app) == 2


def test_an_edit_moves_the_scores_of_a_copy_and_can_be_undone(open_page: Open, checkpoint: Path) -> None:
    app = open_page()
    scored = app.session_state["suprem"].scored[""]
    app.segmented_control(key="edit-kind").set_value("Scale a lead").run()
    app.number_input(key="edit-factor").set_value(-3.0).run()
    app.button(key="edit-apply").click().run()
    assert errors(app) == []
    assert "EDITED SIGNAL" in shown(app)
    assert "V1 × -3" in shown(app)
    specs = [chart.proto.spec for chart in app.get("plotly_chart")]
    assert [("EDITED SIGNAL, not a recording" in spec) for spec in specs].count(True) == 1
    (moved,) = [spec for spec in specs if "edited signal" in spec]
    before, now = (trace["x"] for trace in json.loads(moved)["data"][1:])
    edited = apply_edits(load_example(app.selectbox(key="example").value), [Edit(EditKind.SCALE, "V1", amount=-3.0)])
    lowest = scored.scores[-1]
    (expected,) = Predictor.load(checkpoint).score(edited, [lowest.query])
    assert before[0] == lowest.score
    assert now[0] == pytest.approx(expected.score, abs=1e-6)
    assert now[0] != before[0]
    assert app.session_state["suprem"].scored[""] is scored, "the recording's own scores stay"
    app.segmented_control(key="edit-kind").set_value("Drop a lead").run()
    app.button(key="edit-apply").click().run()
    assert "V1 × -3; V1 dropped" in shown(app)
    app.button(key="edit-undo").click().run()
    assert "V1 dropped" not in shown(app)
    app.button(key="edit-clear").click().run()
    assert "EDITED SIGNAL" not in shown(app)
    app.segmented_control(key="edit-kind").set_value("Add a condition").run()
    app.selectbox(key="edit-condition").set_value("Occlusion of the LAD").run()
    app.button(key="edit-apply").click().run()
    assert errors(app) == []
    assert "Occlusion of the LAD added to each beat as textbooks describe it, variant 1" in shown(app)
    app.button(key="edit-clear").click().run()
    app.segmented_control(key="edit-kind").set_value("Swap two leads").run()
    app.selectbox(key="edit-other").set_value("V1").run()
    assert "two different leads" in errors(app)[0]
    app.selectbox(key="example").set_value(app.selectbox(key="example").options[1]).run()
    assert app.session_state["suprem"].edits[1] == (), "another recording starts unedited"


def test_a_pasted_report_is_held_against_the_scores_and_its_findings_can_be_asked(open_page: Open) -> None:
    app = open_page()
    app.text_area(key="ecg-report").set_value("Sinus rhythm. Possible LVH. No atrial fibrillation.").run()
    assert errors(app) == []
    (table,) = [frame.value for frame in app.dataframe if "in the report" in frame.value]
    assert list(table["in the report"].str.split(":").str[0]) == ["stated", "doubted", "denied"]
    assert set(table["outcome"]) == {"no rank is known for these words"}, "this checkpoint was never evaluated"
    app.button(key="ask-report").click().run()
    assert app.text_area(key="queries").value == "sinus rhythm\nleft ventricular hypertrophy\natrial fibrillation"
    app.text_area(key="ecg-report").set_value("The weather is fine.").run()
    assert "No finding was recognised" in shown(app)


def test_synthetic_examples_are_called_synthetic(open_page: Open) -> None:
    app = open_page()
    app.selectbox(key="example").set_value(app.selectbox(key="example").options[1]).run()
    assert "SYNTHETIC" in app.get("plotly_chart")[0].proto.spec


def test_a_wfdb_pair_is_read_scored_and_never_called_by_its_name(open_page: Open, tmp_path: Path) -> None:
    app = upload(open_page(), **wfdb_pair(tmp_path, seed=5))
    assert errors(app) == []
    assert plots(app) == 4
    assert app.selectbox(key="upload").options == ["Upload 1 (WFDB)"]
    assert "doejane" not in shown(app).lower()
    assert "doejane" not in str(app.session_state["suprem"].uploads).lower()


def test_an_upload_stays_until_it_is_forgotten(open_page: Open, tmp_path: Path) -> None:
    app = upload(open_page(), **wfdb_pair(tmp_path, seed=5))
    app.switch_page(str(ROOT / "pages" / "6_Model_Card.py")).run()
    app.switch_page(str(ROOT / "pages" / READ)).run()
    assert errors(app) == []
    assert app.segmented_control(key="source").value == "Upload"
    assert app.selectbox(key="upload").options == ["Upload 1 (WFDB)"]
    app.toggle(key="comparing").set_value(True).run()
    app.segmented_control(key="secondsource").set_value("Upload").run()
    assert app.selectbox(key="secondupload").options == ["Upload 1 (WFDB)"], "both are chosen from one list"
    app.button(key="forget").click().run()
    assert "Choose one or more ECG files" in shown(app)


def test_several_uploads_can_be_chosen_from(open_page: Open, tmp_path: Path) -> None:
    table = np.vstack([ecg(seed=2).signal]).astype(np.float32)
    np.savez(tmp_path / "x.npz", signal=table, fs=500.0, leads=np.array(ecg().leads), unit="mV")
    files = {**wfdb_pair(tmp_path), "x_npz": (tmp_path / "x.npz").read_bytes(), "y_dcm": b"not DICOM"}
    app = upload(open_page(), **files)
    assert app.selectbox(key="upload").options == ["Upload 1 (WFDB)", "Upload 2 (NPZ)"]
    assert len(errors(app)) == 1
    assert errors(app)[0].startswith("Upload 3")
    app.selectbox(key="upload").select_index(1).run()
    assert errors(app)[0].startswith("Upload 3")
    assert plots(app) == 4


def test_a_table_is_read_with_what_the_person_states(open_page: Open, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", (ecg().signal[:, :3600] * 1000).astype(np.int16))
    app = upload(open_page(), x_npy=(tmp_path / "x.npy").read_bytes())
    assert errors(app) == []
    assert "states no sampling rate" in shown(app)
    assert plots(app) == 0
    app.number_input(key="table-fs").set_value(500.0)
    app.selectbox(key="table-unit").set_value("uV").run()
    assert errors(app) == []
    assert "7.2 s, 500 Hz, 12 leads" in shown(app)


def test_what_is_not_an_ecg_gives_one_sentence_each(open_page: Open) -> None:
    bad = {
        "a_hea": b"x 12 500 5000\n",
        "b_hea": b"b 1 500 5000\n../../../etc/passwd 16 200 16 0 0 0 0 I\n",
        "c_dat": b"\0" * 1000,
        "d_dcm": b"\0" * 128 + b"DICM" + b"\xff" * 40,
        "e_csv": b"a,b\n1,2\n",
        "f_npy": b"\x93NUMPY\x01\x00broken",
        "g_png": b"\x89PNG\r\n",
        "h_txt": b"",
    }
    app = upload(open_page(), **bad)
    assert [error.split(":")[0] for error in errors(app)] == [f"Upload {number}" for number in range(1, 9)]
    assert plots(app) == 0
    assert not any(word in error for error in errors(app) for word in ("passwd", "Traceback", "_hea", ".csv"))


def test_an_upload_that_is_too_large_gives_one_sentence(open_page: Open) -> None:
    app = upload(open_page(), x_csv=b"1,2\n" * (6 * 2**20))
    assert len(errors(app)) == 1
    assert "MB" in errors(app)[0]


def test_a_recording_that_fails_the_quality_check_hides_its_scores_until_asked(open_page: Open, tmp_path: Path) -> None:
    record = ecg()
    record.signal[:8] = 0.0
    write_wfdb(tmp_path / "flat", record)
    app = upload(
        open_page(), **{f"flat_{suffix}": (tmp_path / f"flat.{suffix}").read_bytes() for suffix in ("dat", "hea")}
    )
    assert plots(app) == 2
    assert "Scores are hidden" in shown(app)
    show_anyway(app)
    assert plots(app) == 2, "not without a name and a reason"
    app.text_input(key="override-name").input("reader one")
    app.selectbox(key="override-reason").select_index(0)
    show_anyway(app)
    assert plots(app) == 4
    assert "reader one: " in shown(app)
    assert "Row 2 of the audit log" in shown(app), "the first is the accepted notice"


def test_a_print_is_scored_with_what_it_lacks_and_withheld_scores_are_shown_when_asked_for(
    open_page: Open, tmp_path: Path
) -> None:
    write_wfdb(tmp_path / "print", record_in_turn(ecg(noise=0.01), rhythm="II"))
    files = {f"print_{suffix}": (tmp_path / f"print.{suffix}").read_bytes() for suffix in ("dat", "hea")}
    app = upload(open_page(), **files)  # the checkpoint has no table, so that every score of a print is withheld
    assert errors(app) == []
    assert "Only 2.5 s of 11 leads and 10 s of II were recorded" in shown(app).replace("\\", "")
    assert plots(app) == 2
    app.toggle(key="show-withheld").set_value(True).run()
    assert errors(app) == []
    assert plots(app) == 4
    assert "not measured for this checkpoint" in shown(app)


def test_a_device_file_without_a_rate_is_asked_about_in_the_form(open_page: Open) -> None:
    counts = np.rint(ecg().signal * 1000).astype(np.int16)
    app = upload(open_page(), export_xml=muse_file(counts, fs=""))
    assert errors(app) == []
    assert "give it in Hz" in shown(app)
    app.number_input(key="table-fs").set_value(500.0).run()
    assert errors(app) == []
    assert "500 Hz" in shown(app)


def show_anyway(app: AppTest) -> None:
    (button,) = [button for button in app.button if button.label == "Show the scores anyway"]
    button.click().run()


def test_exchanged_electrodes_are_shown_corrected_only_when_asked_and_under_that_name(
    open_page: Open, tmp_path: Path
) -> None:
    write_wfdb(tmp_path / "arms", undo(ecg(), ARMS))
    app = upload(
        open_page(), **{f"arms_{suffix}": (tmp_path / f"arms.{suffix}").read_bytes() for suffix in ("dat", "hea")}
    )
    assert "right arm and left arm exchanged" in shown(app)
    assert "Corrected view, not as recorded" not in shown(app)
    (corrected,) = [one for one in app.toggle if str(one.key).startswith("corrected")]
    corrected.set_value(True).run()
    assert "Corrected view, not as recorded" in shown(app)
    assert not app.exception


def test_a_window_of_a_long_recording_can_be_chosen(open_page: Open, tmp_path: Path) -> None:
    long = ecg(seed=4)
    long = type(long)(np.tile(long.signal, (1, 3)), long.leads, long.fs, "long", "test")
    write_wfdb(tmp_path / "long", long)
    app = upload(
        open_page(), **{f"long_{suffix}": (tmp_path / f"long.{suffix}").read_bytes() for suffix in ("hea", "dat")}
    )
    (start,) = [slider for slider in app.slider if slider.key.startswith("start")]
    assert start.max == pytest.approx(20.0)
    start.set_value(12.5).run()
    assert errors(app) == []
    assert "22.5 s" in app.get("plotly_chart")[0].proto.spec
    part = next(one for one in app.button_group if one.label.startswith("Which part"))
    part.set_value("the whole recording").run()
    assert errors(app) == []
    assert any({"highest score", "from"} <= set(frame.value.columns) for frame in app.dataframe)
    assert any("3 windows of 10 s" in caption.value for caption in app.caption)


def test_without_a_checkpoint_the_trace_is_shown_and_the_command_named(
    open_page: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPREM_CHECKPOINT", str(tmp_path / "none"))
    app = open_page()
    assert plots(app) == 2
    assert len(errors(app)) == 1
    assert "suprem pretrain" in errors(app)[0]


def test_a_wrong_setting_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch, open_page: Open) -> None:
    app = open_page()
    monkeypatch.setenv("SUPREM_CHEKPOINT", "x")
    app.run()
    assert len(errors(app)) == 1
    assert "SUPREM" in errors(app)[0]


def test_the_model_card_lists_the_vocabulary(open_page: Open) -> None:
    app = open_page("6_Model_Card.py")
    assert "Vocabulary: 71 trained terms" in shown(app)
    assert "not evaluated" in shown(app)


def test_two_ecgs_are_compared_in_one_view(open_page: Open) -> None:
    app = open_page()
    alone = plots(app)
    app.toggle(key="comparing").set_value(True).run()
    app.selectbox(key="secondexample").set_value("Synthetic: left bundle branch block, left axis").run()
    assert not app.exception
    assert plots(app) == alone + 1
    html = shown(app)
    assert html.count('class="differences"') == 3
    assert "Second less first" in html
    first = app.session_state["suprem"].scored
    assert set(first) == {"", "second"}
    app.toggle(key="comparing").set_value(False).run()
    assert plots(app) == alone

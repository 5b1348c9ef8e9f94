"""Records that state an entity: the sentence with the words marked, the ECG it was written about, and its rank."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from suprem.concepts.mapping.labels import record_key
from suprem.concepts.mapping.versions import VocabularyVersion
from suprem.concepts.review.worklist import ReviewRow
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.preprocess import crop
from suprem.ecg.record import EcgRecord
from suprem.errors import SupremError
from suprem.inference.reference import reference_percentile
from suprem.reports.browse import statements_with
from suprem.reports.kept import kept_tables, table_of
from suprem.reports.report import read_reports
from suprem.resources import ASSETS
from suprem.settings import Settings, load_settings
from suprem.web.ecg_paper.ecg_figure import ecg_figure
from suprem.web.frame import PLOT, plain
from suprem.web.report_entities.highlight import highlighted

SECONDS = 10.0
RECORD = "example-record"


def show_examples(version: VocabularyVersion, row: ReviewRow, code: str, record_ids: Sequence[str]) -> None:
    """Offer the records that state an entity: the sentence, and where there is a recording the ECG and its rank.

    Args:
        version: The version under review.
        row: The row under review.
        code: The concept that is chosen on it, empty where there is none.
        record_ids: The records.
    """
    settings = load_settings()
    files = locate(settings.home / "datasets", record_ids)
    table = table_of(version.table, _tables(settings)) if version.table else None
    if not files and table is None:
        st.caption("Neither the reports' table nor recordings of them are on this machine.")
        return
    shown = list(files) if files else list(record_ids)
    label = f"Example ECGs ({len(files)})" if files else f"Example reports ({len(shown)})"
    if st.button(label, key="examples", shortcut="X"):
        _dialog(row.entity, code, shown, files, table)


def locate(datasets: Path, record_ids: Sequence[str]) -> dict[str, Path]:
    """Return record id -> what `read_ecg` takes, for the records that some signal store was made from."""
    found: dict[str, Path] = {}
    for manifest in sorted(datasets.glob("*/manifest.json")):
        known = _files(manifest.parent, manifest.stat().st_mtime_ns)
        for record_id in record_ids:
            path = known.get(record_key(record_id))
            if path is not None:
                found.setdefault(record_id, path)
    return found


@st.cache_resource(max_entries=4, show_spinner=False)
def _files(folder: Path, stamp: int) -> dict[str, Path]:
    index = SignalStore.open(folder).index
    return {
        record_key(str(record_id)): index.root / path
        for record_id, path in zip(index.table["record_id"], index.table["path"], strict=True)
    }


def _tables(settings: Settings) -> list[Path]:
    own = [settings.reports] if settings.reports else []
    return [*kept_tables(settings.kept_reports), *own, ASSETS / "reports" / "examples.csv"]


@st.cache_resource(max_entries=2, show_spinner="Reading the reports …")
def _texts(path: Path, stamp: int) -> dict[str, str]:
    return {report.report_id: report.text for report in read_reports(path).reports}


@st.dialog("Examples", width="large")
def _dialog(entity: str, code: str, record_ids: list[str], files: dict[str, Path], table: Path | None) -> None:
    st.markdown(f"Records whose report states **{plain(entity)}**. The report may be wrong; look for yourself.")
    choosing, stepping = st.columns((3, 2), vertical_alignment="bottom")
    with stepping.container(horizontal=True):
        for label, key, by in (("Next", "J", 1), ("Previous", "K", -1)):
            st.button(label, key=f"example-{label.lower()}", shortcut=key, on_click=_step, args=(record_ids, by))
    record_id = choosing.selectbox("Record", record_ids, key=RECORD)
    if table is not None:
        _show_statements(entity, _texts(table, table.stat().st_mtime_ns).get(record_id, ""))
    if record_id not in files:
        return
    try:
        record = read_ecg(files[record_id])
        st.caption(rank_sentence(code, record) if code else "No concept is chosen, so no rank is shown.")
    except SupremError as error:
        st.error(plain(str(error)))
        return
    figure = ecg_figure(crop(record, 0.0, SECONDS))
    st.plotly_chart(figure, theme=None, config=PLOT, key="example-ecg", alt=f"ECG of record {record_id} on ECG paper")


def _step(record_ids: list[str], by: int) -> None:
    position = record_ids.index(st.session_state[RECORD]) + by
    st.session_state[RECORD] = record_ids[min(max(position, 0), len(record_ids) - 1)]


def _show_statements(entity: str, text: str) -> None:
    found = statements_with(text, entity)
    if not found:
        st.caption("Its words cannot be shown: the rules read this report differently today.")
    for words, entities in found:
        st.html(highlighted(words, entities, focus=entity))


def rank_sentence(code: str, record: EcgRecord) -> str:
    """Return what the shipped or chosen model makes of a concept on a recording; a rank, never a probability."""
    from suprem.web.model_cache import shared_predictor  # torch takes seconds, and most rows are decided without

    predictor = shared_predictor()
    concept = predictor.vocabulary.lookup(code)
    if concept is None:
        return plain(f"The model did not learn {code}, so it has no rank for it.")
    (query,) = predictor.ask([concept.name])
    (score,) = predictor.score(record, [query])
    place = reference_percentile(predictor.card, query.code, score.logit)
    where = f"its score stands {place.words}" if place else f"score {score.score:.2f}; its rank is not known"
    return plain(f"The model on {concept.name}: {where} (model {predictor.id}).")

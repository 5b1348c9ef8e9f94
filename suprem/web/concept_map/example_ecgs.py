"""ECGs of the records that state an entity, so that a reviewer can look at what the words were written about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from suprem.concepts.mapping.labels import record_key
from suprem.datasets.signal_store import SignalStore
from suprem.ecg.formats.readers import read_ecg
from suprem.ecg.preprocess import crop
from suprem.errors import SupremError
from suprem.settings import load_settings
from suprem.web.ecg_paper.ecg_figure import ecg_figure
from suprem.web.frame import PLOT, plain

SECONDS = 10.0


def show_examples(entity: str, record_ids: Sequence[str]) -> None:
    """Offer the ECGs of some records; without recordings on this machine, say how to get there."""
    files = locate(load_settings().home / "datasets", record_ids)
    if not files:
        st.caption("No recordings of these reports on this machine; `pipelines.index_datasets` makes them known.")
        return
    if st.button(f"Example ECGs ({len(files)})", key="examples", shortcut="X"):
        _dialog(entity, files)


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


@st.dialog("Example ECGs", width="large")
def _dialog(entity: str, files: dict[str, Path]) -> None:
    st.markdown(f"Records whose report states **{plain(entity)}**. The report may be wrong; look for yourself.")
    record_id = st.selectbox("Record", list(files), key="example-record")
    try:
        record = read_ecg(files[record_id])
    except SupremError as error:
        st.error(plain(str(error)))
        return
    figure = ecg_figure(crop(record, 0.0, SECONDS))
    st.plotly_chart(figure, theme=None, config=PLOT, key="example-ecg", alt=f"ECG of record {record_id} on ECG paper")

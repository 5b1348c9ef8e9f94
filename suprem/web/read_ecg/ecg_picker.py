"""Choose the ECG to look at: an example or an upload, and the window of a long recording."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import islice
from pathlib import Path, PurePath
from typing import Literal

import streamlit as st

from suprem.ecg.checks.electrodes import Exchange, undo
from suprem.ecg.examples import example_titles, load_example
from suprem.ecg.formats.archive import group_uploads, unpack
from suprem.ecg.formats.read_apart import read_upload_apart
from suprem.ecg.formats.readers import MAX_UPLOAD_BYTES, TableFormat, read_ecg
from suprem.ecg.preprocess import choose_window, crop
from suprem.ecg.record import EcgRecord, complete_leads
from suprem.errors import EcgError, MissingFact, MissingLead, UnreadableEcg
from suprem.resources import PAGES
from suprem.web.frame import plain
from suprem.web.session import session

READING_PAGE = PAGES / "1_Read_an_ECG.py"
OPENED = "Opened record"
"""The source that is offered once another page has opened a record of a corpus."""

_SOURCE = "source"
WINDOW_SECONDS = 10.0
TABLES = (".csv", ".tsv", ".txt", ".npy", ".npz", ".mat", ".hea")
MAX_ARCHIVED = 20
"""Recordings in a ZIP archive that are opened here one by one; more are a cohort."""

UNITS: tuple[Literal["mV", "uV", "V"], ...] = ("mV", "uV", "V")


@dataclass(frozen=True, eq=False)
class PickedEcg:
    """What the page looks at.

    Args:
        title: What the page calls the recording; never the name of an uploaded file.
        key: Tells recordings of this session apart.
        record: The whole recording.
        window: The part that is shown and scored.
        start: Where the window begins in the recording, in seconds.
    """

    title: str
    key: str
    record: EcgRecord
    window: EcgRecord
    start: float

    def corrected(self, exchange: Exchange) -> PickedEcg:
        """Return it with exchanged electrodes exchanged back, under a title and key of its own."""
        return replace(
            self,
            title=f"{self.title}, corrected view: {exchange.electrodes} exchanged back",
            key=f"{self.key} corrected {exchange.electrodes}",
            record=undo(self.record, exchange),
            window=undo(self.window, exchange),
        )


def pick_ecg(slot: str = "") -> PickedEcg | None:
    """Let the person choose an ECG; None while there is none, which the page has then been told.

    Args:
        slot: Keeps what is chosen here apart from another choice on the same page.
    """
    st.session_state.setdefault(f"{slot}{_SOURCE}", "Example")  # and no default below: another page may have set it
    with st.container(horizontal=True, vertical_alignment="center"):
        source = st.segmented_control(
            "Where the ECG comes from",
            ("Example", "Upload") if session().opened is None else ("Example", "Upload", OPENED),
            required=True,
            key=f"{slot}{_SOURCE}",
            persist_state="session",
            label_visibility="collapsed",
        )
        example = _pick_example(slot) if source == "Example" else None
    chosen = _opened() if source == OPENED else example or _pick_upload(slot)
    if chosen is None:
        return None
    title, key, record = chosen
    record = with_computed_leads(record)
    start = _pick_window(record, key, slot)
    return PickedEcg(title, key, record, crop(record, start, WINDOW_SECONDS), start)


def with_computed_leads(record: EcgRecord) -> EcgRecord:
    """Return a recording with the limb leads that follow from two others, marked as computed.

    Files of eight leads are the rule with some devices, and nobody reads a 12-lead ECG of eight.
    """
    try:
        return complete_leads(record)
    except MissingLead:  # all of it is empty, which the quality check says better
        return record


def open_record(name: str, path: Path, *, table: TableFormat | None = None, links: bool = True) -> None:
    """Read a record of a corpus or cohort and go to the reading page with it.

    Args:
        name: What the page calls it.
        path, table, links: What `read_ecg` takes.

    Raises:
        EcgError: The file is not there or is no ECG.
    """
    try:
        session().opened = (name, read_ecg(path, table=table, links=links))
    except OSError as error:
        raise UnreadableEcg(f"The recording cannot be opened any more ({error.strerror or 'it is gone'}).") from None
    st.session_state[_SOURCE] = OPENED
    st.switch_page(READING_PAGE)


def ask_table_format(key: str = "table") -> TableFormat:
    """Ask what a table of numbers may not say itself; what is left open stays open.

    Args:
        key: Tells the forms of two pages apart.
    """
    open_still = "as the file says"
    with st.container(border=True, key=f"{key}-form"):
        st.caption("A table may not say what its numbers are. Fill in what it leaves open.")
        rate, unit, counts, order = st.columns((1, 1, 1, 2))
        fs = rate.number_input("Sampling rate in Hz", 1.0, 10_000.0, None, key=f"{key}-fs", placeholder=open_still)
        chosen = unit.selectbox("Unit", UNITS, index=None, key=f"{key}-unit", placeholder=open_still)
        per_mv = counts.number_input(
            "Counts per mV",
            1e-3,
            1e6,
            None,
            key=f"{key}-counts",
            placeholder=open_still,
            help="Where the values are steps of a converter: how many of them are one millivolt.",
        )
        typed = order.text_input(
            "Leads in order, with commas", key=f"{key}-leads", placeholder=f"{open_still}, or I, II, …"
        )
    names = tuple(filter(None, (name.strip() for name in typed.split(","))))
    return TableFormat(fs=fs, unit=chosen, leads=names or None, counts_per_mv=per_mv)


def show_facts(ecg: PickedEcg) -> None:
    """Show what the recording is and what the reader had to do to it."""
    notes = "".join(f" {escape(note)}" for note in ecg.record.notes)
    st.html(f'<p class="facts"><strong>{escape(ecg.record.facts)}.</strong>{notes}</p>')
    if said := device_words(ecg.record):
        st.html(f'<p class="facts"><strong>Device says (unconfirmed):</strong> {escape(said)}</p>')


def device_words(record: EcgRecord) -> str:
    """Return what the recording device said of the whole recording, "" where it said nothing.

    What it measured stands beside the measurements of the page.
    """
    return f"{'; '.join(record.device_statements)}." if record.device_statements else ""


def _pick_example(slot: str) -> tuple[str, str, EcgRecord]:
    name = st.selectbox(
        "Example recording",
        example_titles(),
        key=f"{slot}example",
        persist_state="session",
        label_visibility="collapsed",
    )
    return name, f"example {name}", load_example(name)


def _opened() -> tuple[str, str, EcgRecord] | None:
    opened = session().opened
    return opened and (opened[0], f"opened {opened[0]}", opened[1])


def _pick_upload(slot: str) -> tuple[str, str, EcgRecord] | None:
    kept = session().uploads
    readable = [key for key, outcome in kept.items() if isinstance(outcome, EcgRecord)]
    with st.expander("Add ECG files" if readable else "ECG files", expanded=not readable):
        files = st.file_uploader(
            "ECG files: WFDB (.hea with .dat or .mat), DICOM, XML (GE, Philips, Schiller, Mortara, aECG), SCP-ECG, "
            "MFER, ISHNE, EDF, FHIR, HDF5, MATLAB, Excel, CSV, NumPy, PDF with curves, or a ZIP archive of a few",
            accept_multiple_files=True,
            key=f"{slot}files{session().upload_round or ''}",
            max_upload_size=MAX_UPLOAD_BYTES // 2**20,
            help="Files stay in the memory of the computer this page comes from, for this session only. Names, numbers "
            "and dates of a patient are not kept. Export from the device or archive as XML (GE MUSE, HL7 aECG, Philips "
            "Sierra), DICOM, SCP-ECG or EDF. Of a PDF the curves are read where the device drew them as lines; a scan, "
            "photograph or picture holds no signal that can be read.",
        )
        table = None
        asked = any(isinstance(outcome, MissingFact) for outcome in kept.values())
        if files and (asked or any(file.name.lower().endswith(TABLES) for file in files)):
            table = ask_table_format(f"{slot}table")
    seen = set(readable)
    for number, outcome in _read_all([(file.name, file.getvalue()) for file in files], table):
        if isinstance(outcome, MissingFact):
            if table is None:
                st.rerun()  # with the form, which no name of a file told to be needed
            st.info(plain(f"Upload {number}: {outcome} The form above is for that."))
        elif isinstance(outcome, EcgError):
            st.error(plain(f"Upload {number}: {outcome}"))
    titles = {
        key: f"Upload {number} ({outcome.source})"
        for number, (key, outcome) in enumerate(kept.items(), start=1)
        if isinstance(outcome, EcgRecord)
    }
    if not titles:
        if not files:
            st.info("Choose one or more ECG files. Select a WFDB header together with its signal file.")
        return None
    added = [key for key in titles if key not in seen]
    if added:
        st.session_state[f"{slot}upload"] = added[0]  # who adds a file wants to see it
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = st.selectbox(
            "Uploaded recording",
            list(titles),
            format_func=titles.__getitem__,
            key=f"{slot}upload",
            persist_state="session",
        )
        st.button("Forget all uploads", key=f"{slot}forget", on_click=_forget_uploads, type="tertiary")
    record = kept[key]
    return (titles[key], key, record) if isinstance(record, EcgRecord) else None


def _forget_uploads() -> None:
    session().uploads.clear()
    session().upload_round += 1  # a new uploader, which holds no files


def _read_all(
    contents: Sequence[tuple[str, bytes]], table: TableFormat | None
) -> Iterator[tuple[int, EcgRecord | EcgError]]:
    """Read every ECG of an upload that this session has not read yet; yield each with its number in the session.

    What was read stays when the uploader is emptied, by going to another page too, until it is forgotten on purpose.
    One that was refused is read again once more is known about its table.
    """
    kept = session().uploads
    for files in recordings_of(contents):
        if isinstance(files, UnreadableEcg):
            key = hashlib.sha256(str(files).encode()).hexdigest()
            kept[key] = files
        else:
            digest = hashlib.sha256()
            for name, data in files.items():
                digest.update(PurePath(name).suffix.lower().encode() + data)
            key = digest.hexdigest()
            known = kept.get(key)
            may_be_asked = isinstance(known, MissingFact) or any(name.lower().endswith(TABLES) for name in files)
            if known is None or (may_be_asked and session().read_with.get(key) != table):
                kept[key], session().read_with[key] = _read(files, table), table
        yield list(kept).index(key) + 1, kept[key]


def recordings_of(contents: Sequence[tuple[str, bytes]]) -> Iterator[Mapping[str, bytes] | UnreadableEcg]:
    """Yield the files of each recording of an upload, those in ZIP archives too, or why an archive cannot be opened.

    Args:
        contents: Name and content of each file; names may repeat.
    """
    single = [(name, data) for name, data in contents if not name.lower().endswith(".zip")]
    for group in group_uploads([name for name, _ in single]):
        yield dict(single[index] for index in group)
    for name, data in contents:
        if not name.lower().endswith(".zip"):
            continue
        try:
            inside = list(islice(unpack(data), MAX_ARCHIVED + 1))
            if len(inside) > MAX_ARCHIVED:
                raise UnreadableEcg(
                    f"The ZIP archive holds more than {MAX_ARCHIVED} recordings; the page Cohort scores it as a whole."
                )
            if not inside:
                raise UnreadableEcg("The ZIP archive holds no file that could be an ECG.")
            yield from inside
        except UnreadableEcg as error:
            yield UnreadableEcg(str(error))


def _read(files: Mapping[str, bytes], table: TableFormat | None) -> EcgRecord | EcgError:
    try:
        if sum(map(len, files.values())) > MAX_UPLOAD_BYTES:
            raise UnreadableEcg(
                f"The upload is larger than {MAX_UPLOAD_BYTES // 2**20} MB; export 10 s to 60 s of the ECG."
            )
        return read_upload_apart(files, table=table)
    except EcgError as error:
        # A new one: the one that was raised keeps the upload's bytes alive in its traceback.
        return MissingFact(str(error)) if isinstance(error, MissingFact) else EcgError(str(error))


def _pick_window(record: EcgRecord, key: str, slot: str) -> float:
    """Return where the window begins: the cleanest ten seconds unless the person moves it."""
    latest = record.seconds - WINDOW_SECONDS
    if latest < 1 / record.fs:
        return 0.0
    cleanest = choose_window(record, WINDOW_SECONDS)
    return st.slider(
        f"Start of the {WINDOW_SECONDS:g} s shown and scored, of {record.seconds:.1f} s; at first the cleanest",
        min_value=0.0,
        max_value=float(latest),
        value=min(cleanest, float(latest)),
        step=0.5 if latest >= 0.5 else float(latest),
        format="%.1f s",
        key=f"{slot}start {key}",
    )

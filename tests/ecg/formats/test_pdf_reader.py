"""What was printed as lines comes back: within 20 microvolts and 4 milliseconds, from any maker's print."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from suprem.ecg.formats.readers import read_upload
from suprem.ecg.record import LEADS, EcgRecord
from suprem.ecg.synthetic import SyntheticSpec, synthesize
from suprem.errors import EcgError, UnreadableEcg
from suprem.paper.drawing import PrintFormat
from suprem.paper.layout import GAINS, SPEEDS, Layout, PaperScale
from suprem.paper.printout import Printout, print_ecg
from suprem.paper.view import View
from tests.ecg.formats.hospital_files import SECRETS
from tests.ecg.formats.pdf_files import pdf_file, printed

RECORD = synthesize(SyntheticSpec(seed=21))
SIGNAL = RECORD.signal.astype(np.float64)


def read(data: bytes) -> EcgRecord:
    return read_upload({"print.pdf": data})


def assert_as_printed(found: EcgRecord, printed_seconds: dict[str, tuple[float, float]]) -> None:
    """Compare each lead where it was printed; of its zero line, which paper does not show, only the median is left."""
    assert set(found.leads) == set(printed_seconds)
    for lead, (first, last) in printed_seconds.items():
        row, real = found.lead(lead), SIGNAL[LEADS.index(lead)]
        inside = np.flatnonzero(np.isfinite(row))
        assert inside[0] / found.fs == pytest.approx(first, abs=0.004)
        assert inside[-1] / found.fs == pytest.approx(last, abs=0.006)
        wanted = np.interp(inside / found.fs, np.arange(real.size) / RECORD.fs, real)
        difference = row[inside] - wanted
        assert np.abs(difference - np.median(difference)).max() < 0.02, lead


def columns(count: int, rhythms: tuple[str, ...]) -> dict[str, tuple[float, float]]:
    share = 10.0 / count
    rows = 12 // count
    spans = {lead: (place // rows * share, (place // rows + 1) * share) for place, lead in enumerate(LEADS)}
    return spans | dict.fromkeys(rhythms, (0.0, 10.0))


SPANS = {
    Layout.COLUMNS: columns(4, ("II",)),
    Layout.THREE_RHYTHMS: columns(4, ("II", "V1", "V5")),
    Layout.TWO_COLUMNS: columns(2, ()),
    Layout.FULL_LENGTH: columns(1, ()),
    Layout.CABRERA: columns(2, ()),
}


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("speed", SPEEDS)
def test_our_own_print_in_every_layout_and_speed(layout: Layout, speed: float) -> None:
    gain = GAINS[SPEEDS.index(speed)]
    found = read(print_ecg(Printout(RECORD, View(layout=layout, scale=PaperScale(speed, gain))), PrintFormat.PDF))
    assert (found.source, found.fs) == ("PDF", 500.0)
    assert_as_printed(found, SPANS[layout])


@pytest.mark.parametrize("gain", GAINS)
def test_our_own_print_in_every_gain(gain: float) -> None:
    found = read(print_ecg(Printout(RECORD, View(scale=PaperScale(25.0, gain))), PrintFormat.PDF))
    assert_as_printed(found, SPANS[Layout.COLUMNS])


@pytest.mark.parametrize(
    "manner",
    [
        {},
        {"pen": "segments"},
        {"pen": "row"},
        {"pen": "transformed"},
        {"unit": 100.0},
        {"page_scale": 0.8},
        {"grid": (5,)},
        {"grid": (1, 5)},
        {"pulse": False},
        {"words": "25mm/sec 10mm/mV 0.05-150Hz"},
        {"words": ""},
        {"gain": 5.0, "words": "25 mm/s 5.0 mm/mV"},
        {"speed": 12.5, "words": "12,5 mm/s 10 mm/mV"},
    ],
    ids=str,
)
def test_prints_of_other_makers(manner: dict[str, object]) -> None:
    assert_as_printed(read(pdf_file(printed(SIGNAL, **manner))), SPANS[Layout.COLUMNS])  # type: ignore[arg-type]


def test_what_is_not_printed_is_said_to_be_missing_and_nobody_is_named() -> None:
    found = read(pdf_file(printed(SIGNAL)))
    assert any("11 lead(s) are printed for 2.5 of the 10.0 s" in note for note in found.notes)
    assert [secret for secret in SECRETS if secret in repr(found)] == []


def test_a_gap_in_a_lead_stays_a_gap() -> None:
    signal = RECORD.signal.copy()
    signal[:, 700:760] = np.nan
    data = print_ecg(Printout(replace(RECORD, signal=signal), View(layout=Layout.FULL_LENGTH)), PrintFormat.PDF)
    found = read(data)
    assert found.leads == LEADS
    assert np.isnan(found.signal[:, 702:758]).all()
    assert np.isfinite(found.signal[:, :698]).all()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pdf_file(b"q 800 0 0 500 0 0 cm /Im1 Do Q"), "no curves of an ECG as lines"),
        (pdf_file(printed(SIGNAL, grid=())), "no grid of lines"),
        (pdf_file(printed(SIGNAL, labels=False)), "no lead names"),
        (pdf_file(printed(SIGNAL, words="", pulse=False)), "states no paper speed or gain"),
        (pdf_file(printed(SIGNAL, pulse_gain=5.0)), "calibration pulse is 5.0 mm high"),
        (b"%PDF-1.4\n%%EOF", "."),
    ],
)
def test_what_cannot_be_read_says_what_would_be_needed(data: bytes, said: str) -> None:
    with pytest.raises(EcgError, match=said):
        read(data)


def test_a_page_that_draws_without_end_is_refused() -> None:
    with pytest.raises(UnreadableEcg, match="more than any ECG"):
        read(pdf_file(b"0 0 m " + b"1 1 l " * 600_000 + b"S"))

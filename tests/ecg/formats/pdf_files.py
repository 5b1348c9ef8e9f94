"""ECGs printed as PDF in the manner of other makers: another order of operators, another scale, another arrangement."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from suprem.ecg.record import LEADS
from tests.ecg.formats.hospital_files import SECRETS

MM = 72 / 25.4
COLUMNS = tuple(LEADS[first : first + 3] for first in range(0, 12, 3))


def pdf_file(*contents: bytes) -> bytes:
    """Return a PDF of A4 pages across with these contents, uncompressed, with one font."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = b" ".join(b"%d 0 R" % (4 + 2 * page) for page in range(len(contents)))
    objects.append(b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(contents)))
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for page, content in enumerate(contents):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 842 595] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % (5 + 2 * page)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    body, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    trailer = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(body))
    return body + head + trailer


def printed(
    signal: NDArray[np.floating],
    *,
    fs: float = 500.0,
    pen: str = "polyline",
    unit: float = MM,
    page_scale: float = 1.0,
    grid: tuple[int, ...] = (1,),
    pulse: bool = True,
    words: str = "25 mm/s  10 mm/mV",
    speed: float = 25.0,
    gain: float = 10.0,
    pulse_gain: float | None = None,
    rows: Sequence[Sequence[str]] = tuple(zip(*COLUMNS, strict=True)),
    rhythms: Sequence[str] = ("II",),
    labels: bool = True,
) -> bytes:
    """Return the content of a page: a recording (12, time) in millivolts, each row's leads one behind the other.

    Args:
        pen: "polyline" (one path a lead), "segments" (a path of two points a sample), "row" (one path a row), or
            "transformed" (a matrix of its own a lead, whole numbers as coordinates).
        unit: Units of the drawing's own coordinates a millimetre; the matrix of the page makes up for it.
        page_scale: How much smaller than the paper the page is.
        grid: Distances of the grid's lines in millimetres.
        words: What stands at the foot of the page.
        pulse_gain: Millimetres of the pulse, where it contradicts the words.
    """
    seconds, out = signal.shape[1] / fs, []
    out.append("%.6f 0 0 %.6f 0 0 cm" % ((MM * page_scale / unit,) * 2))
    left, top, pitch = 20.0, 170.0, 30.0
    width, low, high = seconds * speed, 20.0, 190.0

    def path(points: NDArray[np.floating]) -> str:
        (x, y), *rest = (points * unit).tolist()
        return f"{x:.4f} {y:.4f} m " + " ".join(f"{a:.4f} {b:.4f} l" for a, b in rest)

    for step in grid:
        out.append(f"{0.1 * unit * step:.3f} w 1 0.8 0.8 RG")
        for at in np.arange(left - 10, left + width + 5.001, step):
            out.append(path(np.array([(at, low), (at, high)])) + " S")
        for at in np.arange(low, high + 0.001, step):
            out.append(path(np.array([(left - 10, at), (left + width + 5, at)])) + " S")
    out.append(f"{0.25 * unit:.3f} w 0 0 0 RG")
    for number, names in enumerate([*rows, *([name] for name in rhythms)]):
        middle = top - number * pitch
        if pulse:
            tall = pulse_gain or gain
            corners = [(-8, 0), (-7, 0), (-7, tall), (-7 + 0.2 * speed, tall), (-7 + 0.2 * speed, 0), (-1, 0)]
            out.append(path(np.array(corners) + np.array([left, middle])) + " S")
        share = signal.shape[1] // len(names)
        pieces = []
        for place, name in enumerate(names):
            samples = np.arange(place * share, (place + 1) * share)
            x = left + samples / fs * speed
            y = middle + gain * signal[LEADS.index(name), samples]
            pieces.append(np.column_stack((x, y)))
            if labels:
                spot = np.array([x[0] + 1, middle + 9]) * unit
                out.append(f"BT /F1 {3 * unit:.2f} Tf {spot[0]:.3f} {spot[1]:.3f} Td ({name}) Tj ET")
        if pen == "row":
            pieces = [np.concatenate(pieces)]
        for piece in pieces:
            if pen == "segments":
                out += [path(np.stack((a, b))) + " S" for a, b in pairwise(piece)]
            elif pen == "transformed":
                own = np.round((piece - piece[0]) * 1000)
                text = " ".join(f"{a:.0f} {b:.0f} l" for a, b in own[1:].tolist())
                x, y = (piece[0] * unit).tolist()
                out.append(f"q {unit / 1000:.8f} 0 0 {unit / 1000:.8f} {x:.4f} {y:.4f} cm 0 0 m {text} S Q")
            else:
                out.append(path(piece) + " S")
    foot = f"{words}  {' '.join(SECRETS)}"
    out.append(f"BT /F1 {3 * unit:.2f} Tf {left * unit:.3f} {10 * unit:.3f} Td ({foot}) Tj ET")
    return "\n".join(out).encode("latin-1")

"""The header of a WFDB record as text: its signals, or the segments it consists of, before any file is opened.

The format: https://physionet.org/physiotools/wag/header-5.htm
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from suprem.errors import UnreadableEcg

_MAX_LINE = 1000
"""Characters of a line that are looked at."""

_RECORD_LINE = re.compile(
    r"[^\s/]+(?:/(?P<segments>\d+))?\s+(?P<signals>\d+)(?:\s+(?P<fs>\d*\.?\d+)\S*(?:\s+(?P<length>\d+)(?=\s|$))?)?"
)
_SIGNAL_LINE = re.compile(
    r"(?P<file>\S+)\s+"
    r"(?P<rest>(?P<format>\d+)(?:x(?P<frame>\d+))?(?::(?P<skew>\d+))?(?:\+(?P<offset>\d+))?(?:\s+(?P<gain>[^\s(/]+).*)?)$"
)


@dataclass(frozen=True)
class WfdbSignal:
    """One signal line of a header."""

    file: str
    rest: str
    format: str
    frame: int
    skew: int
    offset: int
    calibrated: bool
    name: str


@dataclass(frozen=True)
class WfdbHeader:
    """What a header says: of a multi-segment record the name and length of its `segments`, else its `signals`."""

    n_sig: int
    fs: float | None
    length: int
    signals: tuple[WfdbSignal, ...]
    segments: tuple[tuple[str, int], ...]
    comments: tuple[str, ...]

    @property
    def has_gaps(self) -> bool:
        """Whether stretches are missing ("~") between segments of one layout, which `wfdb` does not read."""
        return bool(self.segments) and self.segments[0][1] > 0 and any(name == "~" for name, _ in self.segments)


def segment_names(text: str) -> tuple[str, ...]:
    """Return the segments a multi-segment header names, empty for any other header."""
    match = _RECORD_LINE.match(next(iter(_lines(text)), ""))
    if match is None or not match["segments"]:
        return ()
    return tuple(line.split()[0] for line in _lines(text)[1 : int(match["segments"]) + 1])


def decode_header(data: bytes) -> str:
    """Return a header as text; the micro sign is written "u", because wfdb drops it and would then read volts."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")


def _lines(text: str) -> list[str]:
    """Return the lines of a header that are no comments, without a comment behind them."""
    lines = (re.split(r"\s#", line[:_MAX_LINE], maxsplit=1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def parse_header(text: str) -> WfdbHeader:
    """Return what a header says.

    Raises:
        UnreadableEcg: It is none, or damaged.
    """
    body = _lines(text)
    match = _RECORD_LINE.match(body[0]) if body else None
    if match is None:
        raise UnreadableEcg("The .hea file is no WFDB header; its first line should give name, signals, rate, samples.")
    announced = int(match["segments"] or match["signals"])
    listed = body[1 : announced + 1]
    if not listed or len(listed) < announced:
        raise UnreadableEcg(f"The WFDB header announces {announced} signals or segments and describes {len(listed)}.")
    return WfdbHeader(
        n_sig=int(match["signals"]),
        fs=float(match["fs"]) if match["fs"] and float(match["fs"]) > 0 else None,
        length=int(match["length"] or 0),
        signals=() if match["segments"] else tuple(_parse_signal(line) for line in listed),
        segments=tuple(_parse_segment(line) for line in listed) if match["segments"] else (),
        comments=tuple(line for line in text.splitlines() if line.lstrip().startswith("#")),
    )


def _parse_signal(line: str) -> WfdbSignal:
    match = _SIGNAL_LINE.match(line)
    if match is None:
        raise UnreadableEcg("A signal line of the WFDB header is damaged; expected a file name, a format and a gain.")
    gain = re.match(r"-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$", (match["gain"] or "")[:40], re.IGNORECASE)
    return WfdbSignal(
        file=match["file"],
        rest=match["rest"],
        format=match["format"],
        frame=int(match["frame"] or 1),
        skew=int(match["skew"] or 0),
        offset=int(match["offset"] or 0),
        calibrated=gain is not None and float(gain[0]) != 0.0,
        name=_description(match["rest"]),
    )


def _description(rest: str) -> str:
    """Return what a signal line calls its signal: what follows up to seven numbers."""
    words = rest.split()
    numbers = next((i for i, word in enumerate(words[1:8]) if not re.match(r"[-+.\d]", word)), len(words[1:8]))
    return " ".join(words[1 + numbers :])


def _parse_segment(line: str) -> tuple[str, int]:
    match = re.match(r"(\S+)\s+(\d+)", line)
    if match is None:
        raise UnreadableEcg("A segment line of the WFDB header is damaged; expected a name and a length.")
    return match[1], int(match[2])

"""What a text, a named value or a column of times says about the sampling rate, and what only looks like it.

Files state the rate under many names and in many languages, as a rate or as the time between samples, and other
rates stand beside it: the heart's, a filter's, the mains'. A value counts only where its own label says that it is
the sampling rate; where something like a rate is not understood, it is told, so that a person can be asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from suprem.errors import BadSamplingRate, MissingFact

USUAL_RATES = (
    *(100, 125, 128, 180, 200, 240, 250, 256, 257, 300, 360, 400, 480, 500, 512, 600, 800),
    *(977, 1000, 1024, 1200, 1250, 2000, 2048, 2400, 4000, 4096, 5000, 8000, 10000),
)
"""Hz, as devices record and archives keep."""

LOWEST, HIGHEST = 40.0, 20_000.0
"""Hz. What lies outside is no sampling rate of an ECG; no number lies inside both with and without a thousands sign."""

MAX_LINE = 400
"""Characters of a line that are looked at."""

_FASTEST_HEART = 250.0
"""Beats per minute; a bare "rate" above it is no heart's."""

_SAMPLING = re.compile(
    # English and what borrows from it, German, Spanish, Portuguese, French, Italian, Dutch, Polish, Czech, Hungarian,
    # Finnish, Turkish, Russian, Greek, Chinese (both scripts), Japanese, Korean
    r"sampl|sampel|samp ?(?:freq|rate|f\b)|abtast|muestre|amostrag|chantillon|campion|bemonster|pr[oó]bkow|"
    r"vzorkov|mintav|n[aä]ytteen|[oö]rnekleme|дискрет|δειγματολη|采样|採樣|取樣|抽样|サンプ|標本化|샘플|표본",
    re.IGNORECASE,
)
_RATE = re.compile(
    r"raten?\b|rate(?=hz|\W|$)|per s(?:ec(?:ond)?)?\b|/ ?s\b|freq|frek|fr[eé]q|frec|taxa|tasa|taux|"
    r"cadence|częst|czest|част|συχν|taajuus|tiheys|h[ıi]z[ıi]|hz|hertz|率|周波数|レート|速度|속도|주파수|율",
    re.IGNORECASE,
)
_INTERVAL = re.compile(
    r"interv|period|spacing|step|schritt|abstand|distan|zeit|time|tiempo|tempo|temps|перио|интерв|间隔|間隔|周期|간격",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"^(?:dt|d t|delta ?t|Δ ?t|time ?(?:step|increment|base)|zeitschritt|increment|deltat)\b", re.IGNORECASE
)
_BY_ITSELF = re.compile(
    r"^(?:ecg )?(?:fs|f s|sfreq|s freq|srate|s rate|sps|f ?samp(?:le)?|hz|sr)(?: ecg| ekg)?(?: ?hz| khz)?$",
    re.IGNORECASE,
)
_CHANGED = re.compile(r"resampl|re-sampl|downsampl|upsampl|\borg\b|\borig|nativ|\bold\b|before|previous", re.IGNORECASE)
_COUNT = re.compile(
    r"number|count|anzahl|\bno\b|\bnum|\bn\b|total|size|bits?\b|resol|depth|per (?:lead|channel)", re.IGNORECASE
)
_BARE = re.compile(
    r"^(?:ecg |ekg |signal |data |the )*(?:rate|freq\w*|frequenz|fr[eé]quence|frec\w*)(?: hz)?$", re.IGNORECASE
)
_OTHER = re.compile(
    r"heart|herz|puls|bpm|\bhr\b|ventric|atrial|card|coeur|cœur|coraz|resp|atem|breath|filt|pass\b|pass |cut|notch|"
    r"band|mains|line|netz|hum\b|paper|speed|baud|bit|stim|pac(?:e|ing)|frame|refresh|display|\blow|\bhigh|\blp\b|"
    r"\bhp\b|upper|lower|grenz|tief|hoch|power|beat|rhythm|qrs|\bac\b|心|пульс|чсс",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"(?<![A-Za-z_\d.,])\d{1,3}(?:[ '’]\d{3})+(?![\d.,'’])|(?<![A-Za-z_\d.,])\d[\d.,]{0,15}(?:e[-+]?\d{1,3})?",
    re.IGNORECASE,
)
_PER_SECOND = r"(?:1? ?/ ?s(?:ec(?:ond)?)?|per s(?:ec(?:ond)?)?)\b"
_UNIT = re.compile(
    rf"\s?(?:(?P<khz>k(?:ilo)?hz|khertz|kilohertz|ksps|ks/s)|(?P<hz>hz|hertz|sps|s/s(?:ec)?\b|{_PER_SECOND}|"
    rf"(?:samples?|samp|smp|values|points?|pts|abtastungen) ?{_PER_SECOND})|"
    r"(?P<ms>m(?:illi)?s(?:ec(?:onds?)?|ekunden?)?\b)|(?P<us>(?:u|µ|μ|micro|mikro)s(?:ec(?:onds?)?|ekunden?)?\b)|"
    r"(?P<ns>n(?:ano)?s(?:ec(?:onds?)?|ekunden?)?\b)|(?P<s>s(?:ec(?:onds?)?|ekunden?|egundos?|econdes?)?\b(?!/))|"
    r"(?P<other>bpm|/ ?min|mm|cm|[µμum]v|bits?|db|%))",
    re.IGNORECASE,
)
_SAYS_SAMPLES = re.compile(r"\s?(?:sps|ks?sps|ks?/s|s/s|samp|smp)", re.IGNORECASE)
_IN_NAME = re.compile(
    r"(?<!per)[(\[ ](k?hz|kilohertz|hertz|1/s|ms|msec|us|µs|μs|ns|s|sec|seconds?)[)\]]?$", re.IGNORECASE
)
_TIMES = re.compile(
    r"(?:elapsed |sample )?(?:t|tm|times?|time ?stamps?|zeit)(?: (?P<unit>s|sec|ms|us|µs|μs|ns))?", re.IGNORECASE
)
_FEWEST_TIMES = 100
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
_NOT_EVEN = "The time column does not rise evenly; remove it and give the sampling rate in Hz (fs)."


@dataclass(frozen=True)
class StatedRate:
    """What was found.

    Args:
        fs: Sampling rate in Hz, None where none is stated beyond doubt.
        unclear: Whether something like a sampling rate stands there that is not understood.
    """

    fs: float | None = None
    unclear: bool = False


def stated_or_given(stated: float | None, given: float | None, *, kind: str, place: str = "") -> float:
    """Return the sampling rate in Hz that a device's file states, else the one that a person gives.

    Args:
        stated: What the file states, None where it states none.
        given: What a person states.
        kind: The format.
        place: Where in the file it should stand.

    Raises:
        MissingFact: There is neither; a rate is never taken for granted.
    """
    for rate in (stated, given):
        if rate is not None and 1 <= rate <= 100_000:
            return rate
    where = f" ({place})" if place else ""
    raise MissingFact(f"The {kind} file states no usable sampling rate{where}; give it in Hz (fs), or export it again.")


def rate_in_text(lines: Iterable[str]) -> StatedRate:
    """Return what lines of text, such as those before a table, state about the sampling rate."""
    return _together([_in_line(line) for line in lines])


def rate_among(values: Iterable[tuple[str, object]]) -> StatedRate:
    """Return what named numbers and texts state, such as the variables that stand beside a signal."""
    found = []
    for name, value in values:
        number = _one_number(value)
        text = value[:MAX_LINE] if isinstance(value, str) else "" if number is None else f"{number:.12g}"
        if text:
            found.append(_in_line(f"{_words(name[:MAX_LINE])}: {text}"))
    return _together(found)


def times_among(values: Iterable[tuple[str, object]]) -> StatedRate:
    """Return the rate of an array of times that stands beside a signal under a name such as "time" or "t_ms".

    Raises:
        BadSamplingRate: The times do not rise evenly.
    """
    for name, value in values:
        match = _TIMES.fullmatch(_words(name[:MAX_LINE]))
        if match and isinstance(value, np.ndarray) and value.size >= _FEWEST_TIMES and value.dtype.kind in "iuf":
            fs = rate_of_times(value.ravel().astype(np.float64), match["unit"])
            return StatedRate(fs, unclear=fs is None)
    return StatedRate()


def rate_of_times(times: NDArray[np.float64], unit: str | None) -> float | None:
    """Return the sampling rate in Hz of a column of times, or None where its unit is neither stated nor evident.

    Args:
        times: One value a sample.
        unit: Its unit as written, in any spelling; None where it is not stated.

    Raises:
        BadSamplingRate: The times do not rise evenly.
    """
    span = float(times[-1] - times[0])
    step = span / max(len(times) - 1, 1)
    steps = np.diff(times)
    if not step > 0 or not np.all(steps >= 0):
        raise BadSamplingRate(_NOT_EVEN)
    rounded = bool(np.any(np.abs(steps - step) > 0.5 * step))
    if rounded and np.abs(times - np.linspace(times[0], times[-1], len(times))).max() > steps[steps > 0].min():
        raise BadSamplingRate(_NOT_EVEN)
    scale = seconds_of(unit) if unit is not None else _evident_scale(step)
    if scale is None:
        return None
    rate = 1.0 / (step * scale)
    if rounded:  # to fewer digits than the step needs: only the usual rate near by is believed
        usual = min(USUAL_RATES, key=lambda known: abs(known - rate))
        return float(usual) if abs(usual - rate) < 0.005 * usual else None
    return float(round(rate)) if abs(rate - round(rate)) < 1e-3 * rate else rate


def seconds_of(unit: str) -> float | None:
    """Return how many seconds a unit of time is ("ms", "µs", "Seconds"), None where it is none."""
    match = _UNIT.fullmatch(unit.strip()[:20])
    return _SECONDS.get(match.lastgroup or "") if match else None


def _evident_scale(step: float) -> float | None:
    """Return the one unit in which a step is the time between two samples; one of 1 could as well be an index."""
    for scale in (1.0, 1e-3, 1e-6, 1e-9):
        if 2e-4 <= step * scale < 0.05 and not (scale == 1e-3 and step < 2):
            return scale
    return None


def _in_line(line: str) -> StatedRate:
    text = " ".join(line[: 4 * MAX_LINE].split())[:MAX_LINE]
    text = re.sub(r"(?<!\d),|,(?!\d)", ": ", text).replace(";", ": ")
    found: list[StatedRate] = []
    begin, label = 0, ""
    for match in _NUMBER.finditer(text):
        if match.start() < begin:
            continue
        unit = _UNIT.match(text, match.end())
        key = _key(text[begin : match.start()])
        if not any(character.isalpha() for character in key) and not found:
            key = _key(text[(unit or match).end() :][:60].split(":")[0]) if _is_behind(text, unit) else key
        label = key = key or label  # the upper end of a range has the label of its lower end
        kind = unit.lastgroup if unit else None
        says_samples = unit is not None and bool(_SAYS_SAMPLES.match(unit[0]))
        found.append(_judge(key, match[0].rstrip(".,"), kind, says_samples=says_samples))
        begin = (unit or match).end()
    named = _SAMPLING.search(text) and _RATE.search(text) and (found or not _COUNT.search(text))
    if named and not any(one.fs for one in found):
        found.append(StatedRate(unclear=True))
    return _together(found)


def _is_behind(text: str, unit: re.Match[str] | None) -> bool:
    """Tell whether the label follows the number, as in "500 Hz sampling rate"."""
    return unit is not None and bool(_SAMPLING.search(text[unit.end() :][:60]))


def _key(text: str) -> str:
    """Return the label next to a number: the last part with a letter or a bracket's unit behind it."""
    parts = [part.strip(" -–\t/.#%<>*\"'") for part in re.split(r"[:=|]", text)]
    return _words(next((part for part in reversed(parts) if any(c.isalpha() for c in part)), ""))


def _words(name: str) -> str:
    return " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])(?<!k(?=Hz))|_+", " ", name).split())


def _judge(key: str, number: str, unit: str | None, *, says_samples: bool) -> StatedRate:
    """Judge one number by its label and unit."""
    if unit is None and (match := _IN_NAME.search(key)):
        named = _UNIT.fullmatch(match[1])
        unit = named.lastgroup if named else None
        key = key[: match.start()].strip()
    if unit == "other":
        return StatedRate()
    if _CHANGED.search(key):
        return StatedRate(unclear=unit in ("hz", "khz") or bool(_RATE.search(key)))
    sampling = bool(_SAMPLING.search(key)) or says_samples
    is_time = unit in _SECONDS
    if (sampling and _INTERVAL.search(key) and not _RATE.search(key)) or _STEP.search(key) or (sampling and is_time):
        return _interval(number, unit)
    if sampling and (unit in ("hz", "khz") or _RATE.search(key)) and not is_time:
        return _rate(number, unit)
    if _BY_ITSELF.fullmatch(key) and not is_time:
        return _rate(number, unit)
    if _OTHER.search(key) or is_time or sampling:
        return StatedRate(
            unclear=sampling and not _COUNT.search(key) and bool(re.search(r"sampling\s*$", key, re.IGNORECASE))
        )
    if _BARE.fullmatch(key):
        rate = _rate(number, unit)
        evident = unit in ("hz", "khz") or (
            rate.fs is not None and rate.fs >= _FASTEST_HEART and rate.fs in USUAL_RATES
        )
        return rate if evident else StatedRate(unclear=True)
    return StatedRate(unclear=unit in ("hz", "khz"))


def _rate(number: str, unit: str | None) -> StatedRate:
    scale = 1000.0 if unit == "khz" else 1.0
    possible = [value * scale for value in _readings(number) if LOWEST <= value * scale <= HIGHEST]
    return StatedRate(possible[0]) if possible else StatedRate(unclear=True)


def _interval(number: str, unit: str | None) -> StatedRate:
    scales = [_SECONDS[unit]] if unit in _SECONDS else [1.0] if unit is None else []
    possible = [
        1.0 / (value * scale) for value in _readings(number) for scale in scales
        if value > 0 and LOWEST <= 1.0 / (value * scale) <= HIGHEST
    ]  # fmt: skip
    if not possible:
        return StatedRate(unclear=True)
    rate = possible[0]
    return StatedRate(float(round(rate)) if abs(rate - round(rate)) < 1e-3 * rate else rate)


def _readings(number: str) -> list[float]:
    """Return what a written number can be: with its sign as that of decimals, then of thousands."""
    plain = re.sub(r"[ '’]", "", number)
    decimal = plain.replace(",", ".") if plain.count(",") + plain.count(".") <= 1 else ""
    both = plain.replace(",", "") if plain.rfind(".") > plain.rfind(",") else plain.replace(".", "").replace(",", ".")
    grouped = re.sub(r"[.,]", "", plain) if re.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3})+", plain) else ""
    found = []
    for text in (decimal, grouped, both):
        try:
            found.append(float(text))
        except ValueError:
            continue
    return found


def _one_number(value: object) -> float | None:
    """Return the number that a value is, or that all of its few values are."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.ndarray | np.generic):
        return None
    values = np.asarray(value).ravel()
    if not 0 < values.size <= 64 or values.dtype.kind not in "iuf" or not np.all(values == values[0]):
        return None
    return float(values[0]) if np.isfinite(values[0]) and values[0] > 0 else None


def _together(found: list[StatedRate]) -> StatedRate:
    """Return the one rate that is stated; several that differ are unclear."""
    rates = [one.fs for one in found if one.fs is not None]
    if rates and max(rates) - min(rates) <= 0.01 * max(rates):
        return StatedRate(rates[0])
    return StatedRate(unclear=bool(rates) or any(one.unclear for one in found))

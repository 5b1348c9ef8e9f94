"""The first gate: can this recording be read and scored at all, and what should a reader know about it?

Every check gives one or more findings, ok, note, warn or block, with the leads concerned and one sentence. `block`
hides scores until a person decides otherwise. Thresholds were set on PTB-XL, CinC 2021 and LUDB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from suprem.ecg.checks.electrodes import Exchange, suspected_exchanges
from suprem.ecg.checks.signal_quality import BLOCK_QUALITY, WARN_QUALITY, SignalQuality, grade, noise_level
from suprem.ecg.coverage import ENOUGH_LEADS, ENOUGH_SECONDS, LEAST_SECONDS, padding, recorded_samples
from suprem.ecg.measurement.beats import beat_intervals, find_beats, longest_pause
from suprem.ecg.record import CHEST_LEADS, LEADS, LIMB_FROM_I_AND_II, LIMB_LEADS, EcgRecord

MIN_FS = 100.0
MIN_LEADS = ENOUGH_LEADS
BLOCK_SECONDS, WARN_SECONDS = ENOUGH_SECONDS, 8.0
ADULT_AGE = 18.0
MIN_MILLIVOLTS, MAX_MILLIVOLTS = 0.05, 10.0
USUAL_MILLIVOLTS = (0.13, 4.0)
"""A typical lead of 1,500 records of PTB-XL reaches 0.30 to 2.6 mV, of weak ones 0.13; a gain that is wrong by ten
mostly lies outside."""
FLAT_MILLIVOLTS, FLAT_SECONDS, FLAT_SHARE = 0.001, 0.2, 0.1
CLIPPED_SECONDS, CLIPPED_SHARE, CLIPPED_MILLIVOLTS = 0.01, 0.005, 0.5
CLIPPED_BEATS = 4
FINE_FS = 250.0
SPIKE_MILLIVOLTS, JUMP_MILLIVOLTS = 1.0, 3.0
WANDER_MILLIVOLTS = 1.5
NOISE_MILLIVOLTS = 0.03
MAINS_SHARE = 0.5
RESIDUAL_MILLIVOLTS = 0.05
MISSING_SHARE = 0.2
FLAT_LIMB_MILLIVOLTS, OTHER_LIMB_MILLIVOLTS = 0.1, 0.3
MIN_BEATS = 3
MIN_RATE, MAX_RATE = 25.0, 250.0
LONGEST_PAUSE_SECONDS = 4.0


class Level(StrEnum):
    """Severity of a quality finding, from a remark to one that hides the scores."""

    OK = "ok"
    NOTE = "note"  # seen in a lead, and of a kind that people accept in a recording
    WARN = "warn"
    BLOCK = "block"


@dataclass(frozen=True)
class QualityFinding:
    """Finding of one quality check.

    Args:
        check: Name of the check, for example "flat".
        level: Its level.
        leads: The leads concerned; empty where the finding is about the whole recording.
        message: One sentence for the reader.
        exchange: The exchange of electrodes that is suspected, which can be undone for a corrected view.
    """

    check: str
    level: Level
    leads: tuple[str, ...]
    message: str
    exchange: Exchange | None = None
    quality: SignalQuality | None = None
    """The graded quality, of the check "signal"."""


@dataclass(frozen=True, eq=False)
class _View:
    """What the checks share: the leads that carry a signal, with gaps bridged, and the beats in them."""

    record: EcgRecord
    leads: tuple[str, ...]
    signal: NDArray[np.float32]  # (lead, time)
    baseline: NDArray[np.float32]  # (lead, time), what varies slower than about 0.5 Hz
    beats: NDArray[np.intp]
    missing: NDArray[np.bool_]  # (lead, time), bridged in `signal`
    quality: SignalQuality

    def which(self, concerned: NDArray[np.bool_]) -> tuple[str, ...]:
        """Return the names of the leads where `concerned` (lead,) is true."""
        return tuple(lead for lead, it_is in zip(self.leads, concerned, strict=True) if it_is)

    def lead(self, name: str) -> NDArray[np.float32]:
        """Return one lead without its baseline."""
        index = self.leads.index(name)
        row: NDArray[np.float32] = self.signal[index] - self.baseline[index]
        return row


def assess_quality(record: EcgRecord) -> tuple[QualityFinding, ...]:
    """Run every check on a record; one finding or more per check that applies, and never an error.

    Where the recording is too short or too coarse to show a rhythm, only what can be told without one is checked.
    """
    findings = [*_sampling_rate(record), *_length(record), *_gaps(record), *_recorded(record), *_age(record)]
    alive = _alive(record)
    findings += _leads(record, alive)
    if alive and record.seconds >= 1.0 and record.fs >= 60.0:
        view = _view(record, alive)
        for check in (
            _signal,
            _amplitude,
            _flat,
            _saturation,
            _spikes,
            _wander,
            _noise,
            _limb_leads,
            _electrodes,
            _heart_rate,
        ):
            findings += check(view)
    return tuple(findings)


def signal_quality(findings: Sequence[QualityFinding]) -> SignalQuality | None:
    """Return the graded quality among the findings, None of a recording too short to have one."""
    return next((finding.quality for finding in findings if finding.quality is not None), None)


def blocked(findings: Sequence[QualityFinding]) -> bool:
    """Tell whether any finding stands in the way of scores."""
    return any(finding.level is Level.BLOCK for finding in findings)


def lead_levels(findings: Sequence[QualityFinding]) -> dict[str, Level]:
    """Return the worst level of each of the twelve leads, in standard order."""
    severity = list(Level).index
    return {
        lead: max((finding.level for finding in findings if lead in finding.leads), key=severity, default=Level.OK)
        for lead in LEADS
    }


def _alive(record: EcgRecord) -> tuple[str, ...]:
    """Return the leads that hold more than one value."""
    low, high = np.fmin.reduce(record.signal, axis=1), np.fmax.reduce(record.signal, axis=1)
    return tuple(lead for lead, span in zip(record.leads, high - low, strict=True) if span > 0)


def _view(record: EcgRecord, alive: tuple[str, ...]) -> _View:
    signal = np.stack([record.lead(lead) for lead in alive])
    padded = np.stack([padding(row) for row in signal])
    if padded.any(axis=1).sum() >= MIN_LEADS:  # an export that fills up its leads; a loose electrode is of one or two
        signal[padded] = np.nan
    missing = np.isnan(signal)
    for row, gone in zip(signal, missing, strict=True):
        if gone.any():
            row[gone] = np.interp(np.flatnonzero(gone), np.flatnonzero(~gone), row[~gone])
    width = round(0.6 * record.fs)
    baseline = uniform_filter1d(uniform_filter1d(signal, width, axis=-1), width, axis=-1)
    beats = find_beats(signal, record.fs)
    # What holds one value lost its electrode; what holds none was not recorded, and is no fault of the signal.
    dead = tuple(lead for lead in record.leads if lead not in alive and np.isfinite(record.lead(lead)).any())
    quality = grade(signal, baseline, alive, record.fs, beats, dead, missing)
    return _View(record, alive, signal, baseline, beats, missing, quality)


def _sampling_rate(record: EcgRecord) -> Iterator[QualityFinding]:
    if record.fs < MIN_FS:
        yield QualityFinding(
            "sampling rate",
            Level.BLOCK,
            (),
            f"Sampled at {record.fs:g} Hz; below {MIN_FS:g} Hz the shape of a QRS complex is lost.",
        )
    else:
        yield QualityFinding("sampling rate", Level.OK, (), f"Sampled at {record.fs:g} Hz.")


def _length(record: EcgRecord) -> Iterator[QualityFinding]:
    seconds = round(record.seconds, 2)
    text = f"The recording lasts {seconds:g} s"
    if seconds < BLOCK_SECONDS:
        yield QualityFinding("length", Level.BLOCK, (), f"{text}; at least {BLOCK_SECONDS:g} s are needed.")
    elif seconds < WARN_SECONDS:
        yield QualityFinding("length", Level.WARN, (), f"{text}, less than the usual 10 s; rhythm is harder to judge.")
    else:
        yield QualityFinding("length", Level.OK, (), f"{text}.")


def _age(record: EcgRecord) -> Iterator[QualityFinding]:
    if record.age is not None and record.age < ADULT_AGE:
        yield QualityFinding("age", Level.WARN, (), f"Age {record.age:.0f}: the model was trained on adults.")


def _gaps(record: EcgRecord) -> Iterator[QualityFinding]:
    share = np.isnan(record.signal).mean(axis=1)
    leads = tuple(lead for lead, part in zip(record.leads, share, strict=True) if part > 0)
    if leads:
        yield QualityFinding(
            "gaps", Level.WARN, leads, f"Samples are missing (up to {100 * share.max():.1f} % of a lead)."
        )
    else:
        yield QualityFinding("gaps", Level.OK, (), "No sample is missing.")


def _recorded(record: EcgRecord) -> Iterator[QualityFinding]:
    """Samples that are missing, or one value from the start or to the end, were not recorded: padding, 3 x 4 prints."""
    if record.seconds < BLOCK_SECONDS:
        return
    seconds = {lead: recorded_samples(record.lead(lead)) / record.fs for lead in record.leads}
    wanted = min(BLOCK_SECONDS, 0.99 * record.seconds)
    if sum(held >= wanted for held in seconds.values()) >= min(MIN_LEADS, len(record.leads)):
        short = {lead: held for lead, held in seconds.items() if 0 < held < min(WARN_SECONDS, 0.9 * record.seconds)}
        if short:
            text = f"Only {min(short.values()):.1f} s of {', '.join(short)} were recorded."
            yield QualityFinding("recorded", Level.WARN, tuple(short), text)
        return
    partly = {lead: held for lead, held in seconds.items() if 0 < held < wanted}
    least = min(partly.values(), default=0.0)
    text = f"Of {record.seconds:.1f} s only {least:.1f} s of {len(partly)} lead(s) were recorded"
    if sum(held >= LEAST_SECONDS for held in seconds.values()) < MIN_LEADS:
        text = f"{text}; {LEAST_SECONDS:g} s of {MIN_LEADS} leads are needed."
        yield QualityFinding("recorded", Level.BLOCK, tuple(partly), text)
    else:
        yield QualityFinding("recorded", Level.WARN, tuple(partly), f"{text}; every score says what that costs.")


def _leads(record: EcgRecord, alive: tuple[str, ...]) -> Iterator[QualityFinding]:
    """Any two limb leads give the other four; chest leads follow from nothing, and the model can miss a few of them."""
    measured = [lead for lead in alive if lead not in record.derived]
    absent = tuple(lead for lead in LEADS if lead not in measured)
    derivable = LIMB_LEADS if sum(lead in LIMB_LEADS for lead in measured) >= 2 else ()
    computed = [lead for lead in absent if lead in derivable]
    lost = [lead for lead in absent if lead not in derivable]
    sentences = []
    if computed:
        sentences.append(f"Not recorded, computed from the other limb leads: {', '.join(computed)}.")
    if lost:
        sentences.append(f"Not recorded or empty: {', '.join(lost)}; the model reads the others alone.")
    if len(LEADS) - len(lost) < MIN_LEADS:
        sentence = f"Not recorded or empty: {', '.join(lost)}; at least {MIN_LEADS} of the twelve leads are needed."
        yield QualityFinding("leads", Level.BLOCK, absent, sentence)
    elif absent:
        level = Level.WARN if lost else Level.NOTE  # what follows from two recorded leads is no fault
        yield QualityFinding("leads", level, absent, " ".join(sentences))
    else:
        yield QualityFinding("leads", Level.OK, (), "All twelve leads were recorded.")


def _signal(view: _View) -> Iterator[QualityFinding]:
    """The graded quality, which decides whether people would call the recording acceptable."""
    quality = view.quality
    level = Level.OK
    if quality.value < WARN_QUALITY:
        level = Level.BLOCK if quality.value < BLOCK_QUALITY else Level.WARN
    said = f"Signal quality {quality.value:.2f} of 1"
    if level is Level.OK:
        yield QualityFinding("signal", level, (), f"{said}.", quality=quality)
        return
    worst = tuple(lead for lead in view.record.leads if quality.leads.get(lead, 1.0) < WARN_QUALITY) or (quality.lead,)
    yield QualityFinding("signal", level, worst, f"{said}: {quality.decided_by}.", quality=quality)


def _amplitude(view: _View) -> Iterator[QualityFinding]:
    centred = np.abs(view.signal - np.median(view.signal, axis=1, keepdims=True))
    heights = np.percentile(centred, 99.9, axis=1)
    typical = float(np.median(heights))
    if not MIN_MILLIVOLTS <= typical <= MAX_MILLIVOLTS:
        yield QualityFinding(
            "amplitude",
            Level.BLOCK,
            view.leads,
            f"A typical lead reaches {typical:.3g} mV, which no heart does; the unit or the gain of the file is wrong.",
        )
    elif not USUAL_MILLIVOLTS[0] <= typical <= USUAL_MILLIVOLTS[1]:
        yield QualityFinding(
            "amplitude",
            Level.WARN,
            view.leads,
            f"A typical lead reaches {typical:.2f} mV, which is rare; check the unit and the gain of the file.",
        )
    elif np.any(too_high := heights > MAX_MILLIVOLTS):
        text = f"Deflections above {MAX_MILLIVOLTS:g} mV"
        yield from _lead_warning(view, "amplitude", too_high, text, "")
    else:
        yield QualityFinding("amplitude", Level.OK, (), f"A typical lead reaches {typical:.2f} mV.")


def _flat(view: _View) -> Iterator[QualityFinding]:
    still = (np.abs(np.diff(view.signal, axis=1)) < FLAT_MILLIVOLTS) & ~view.missing[:, 1:]
    share = _share_in_runs(still, round(FLAT_SECONDS * view.record.fs))
    yield from _lead_warning(
        view, "flat", share > FLAT_SHARE, "The line is flat for part of the recording", "No flat line."
    )


def _saturation(view: _View) -> Iterator[QualityFinding]:
    """Flat peaks, or peaks of half of the beats at exactly one value: a coarse recording has one sample on each."""
    run = max(3, round(CLIPPED_SECONDS * view.record.fs))
    often = max(CLIPPED_BEATS, len(view.beats) / 2)
    centre = np.median(view.signal, axis=1, keepdims=True)
    clipped = np.zeros(len(view.leads), dtype=bool)
    for extreme in (view.signal.max(axis=1, keepdims=True), view.signal.min(axis=1, keepdims=True)):
        reached = view.signal == extreme
        found = (_share_in_runs(reached, run) > CLIPPED_SHARE) | (reached.sum(axis=1) >= often)
        clipped |= found & (np.abs(extreme - centre)[:, 0] > CLIPPED_MILLIVOLTS)
    yield from _lead_warning(
        view, "saturation", clipped, "The amplifier seems saturated (clipped)", "No clipped peaks."
    )


def _spikes(view: _View) -> Iterator[QualityFinding]:
    """A jump there and back within one sample. A coarse recording shows narrow R waves so, hence its higher limit."""
    steps = np.diff(view.signal, axis=1)
    there, back = steps[:, :-1], steps[:, 1:]
    fine = view.record.fs >= FINE_FS
    height = np.where(there * back < 0, np.minimum(np.abs(there), np.abs(back)), 0.0).max(axis=1, initial=0.0)
    jumpy = height > (SPIKE_MILLIVOLTS if fine else JUMP_MILLIVOLTS)
    if fine:
        jumpy |= np.abs(steps).max(axis=1) > JUMP_MILLIVOLTS
    yield from _lead_warning(
        view, "spikes", jumpy, "Single-sample spikes or jumps (artefact or pacemaker)", "No spikes."
    )


def _wander(view: _View) -> Iterator[QualityFinding]:
    drift = np.ptp(view.baseline, axis=1)
    yield from _lead_warning(
        view,
        "baseline wander",
        drift > WANDER_MILLIVOLTS,
        f"The baseline drifts by up to {drift.max():.1f} mV",
        "Steady baseline.",
    )


def _noise(view: _View) -> Iterator[QualityFinding]:
    fs = view.record.fs
    level = noise_level(view.signal, fs)
    noisy = level > NOISE_MILLIVOLTS
    fast = view.signal - uniform_filter1d(view.signal, max(3, round(0.025 * fs)), axis=-1)
    mains = next((hz for hz in (50, 60) if noisy.any() and _share_at(fast[noisy], fs, hz) > MAINS_SHARE), None)
    kind = f"Mains hum at {mains} Hz" if mains else "High-frequency noise, such as muscle activity"
    yield from _lead_warning(view, "noise", noisy, f"{kind} ({level.max():.2f} mV RMS)", "Little noise.")


def _limb_leads(view: _View) -> Iterator[QualityFinding]:
    """Einthoven's and Goldberger's equations; they see exchanged columns and wrong gains, not exchanged electrodes."""
    measured = [lead for lead in LIMB_LEADS if lead in view.leads and lead not in view.record.derived]
    together = ~view.missing[[view.leads.index(lead) for lead in measured]].any(axis=0)
    if not {"I", "II"} < set(measured) or together.sum() < view.record.fs:
        return
    rows = {lead: (row := view.signal[view.leads.index(lead), together]) - row.mean() for lead in measured}
    residual = {lead: _residual(rows[lead], lead, rows) for lead in measured}
    wrong = tuple(lead for lead in measured if residual[lead] > RESIDUAL_MILLIVOLTS)
    if not wrong:
        yield QualityFinding(
            "limb leads", Level.OK, (), "The limb leads agree with each other (Einthoven, Goldberger)."
        )
        return
    message = f"Limb leads contradict each other by {max(residual.values()):.2f} mV (order, gain or filters)."
    for first, second in (("aVL", "aVF"), ("aVR", "aVL"), ("aVR", "aVF")):
        if set(wrong) == {first, second} and all(
            _residual(rows[one], other, rows) <= RESIDUAL_MILLIVOLTS
            for one, other in ((first, second), (second, first))
        ):
            message = f"{first} and {second} hold each other's signal: the file's lead order is wrong."
    yield QualityFinding("limb leads", Level.WARN, wrong, message)


def _residual(row: NDArray[np.float32], lead: str, rows: dict[str, NDArray[np.float32]]) -> float:
    of_i, of_ii = LIMB_FROM_I_AND_II[lead]
    return float(np.sqrt(np.mean(np.square(row - of_i * rows["I"] - of_ii * rows["II"]))))


def _electrodes(view: _View) -> Iterator[QualityFinding]:
    """Exchanged electrodes. Where the one on the right leg is among them, a limb lead is nearly flat."""
    in_part = view.missing.mean(axis=1).max() > MISSING_SHARE  # leads in turn do not show one beat together
    found = () if in_part else suspected_exchanges(view.record, view.beats)
    for one in found:
        also = " A heart on the right side looks alike." if one.of_limbs else ""
        yield QualityFinding(
            "electrodes",
            Level.WARN,
            one.leads,
            f"The leads would fit together better with {one.electrodes} exchanged; the electrodes may be.{also}",
            one,
        )
    flat = _flat_limb_lead(view)
    if flat:
        yield QualityFinding(
            "electrodes",
            Level.WARN,
            (flat,),
            f"Lead {flat} is nearly flat beside the others: the electrode on the right leg may be on an arm.",
        )
    if not found and not flat:
        yield QualityFinding("electrodes", Level.OK, (), "No sign of exchanged electrodes.")


def _flat_limb_lead(view: _View) -> str | None:
    names = [lead for lead in ("I", "II", "III") if lead in view.leads]
    if len(names) < 3:
        return None
    low, high = np.percentile(np.stack([view.lead(name) for name in names]), (0.5, 99.5), axis=1)
    smallest, *others = np.argsort(span := high - low)
    if span[smallest] < FLAT_LIMB_MILLIVOLTS and span[others].min() > OTHER_LIMB_MILLIVOLTS:
        return names[smallest]
    return None


def _heart_rate(view: _View) -> Iterator[QualityFinding]:
    """Beats are also sought in limb and chest leads apart; artefact in one group makes the counts differ."""
    if len(view.beats) < MIN_BEATS:
        yield QualityFinding("heart rate", Level.WARN, (), f"Only {len(view.beats)} heartbeat(s) were recognised.")
        return
    gaps = np.asarray(view.missing.all(axis=0))
    intervals = beat_intervals(view.beats, gaps, view.record.fs)
    rate = 60.0 / float(np.nanmedian(intervals)) if np.isfinite(intervals).any() else 0.0
    pause = longest_pause(view.beats, gaps, view.record.fs)
    counts = [
        len(find_beats(view.signal[rows], view.record.fs))
        for group in (LIMB_LEADS, CHEST_LEADS)
        if (rows := [i for i, lead in enumerate(view.leads) if lead in group]) and not view.missing[rows].any()
    ]
    if not MIN_RATE <= rate <= MAX_RATE:
        yield QualityFinding(
            "heart rate", Level.WARN, (), f"The heart rate seems to be {rate:.0f} per minute, which is implausible."
        )
    elif pause > LONGEST_PAUSE_SECONDS:
        yield QualityFinding("heart rate", Level.WARN, (), f"No heartbeat was recognised for {pause:.1f} s.")
    elif counts and max(counts) - min(counts) > max(1, 0.1 * len(view.beats)):
        yield QualityFinding(
            "heart rate", Level.WARN, (), "Limb and chest leads disagree about the heartbeats; the rate is unsure."
        )
    else:
        yield QualityFinding("heart rate", Level.OK, (), f"About {rate:.0f} beats per minute.")


def _lead_warning(
    view: _View, check: str, concerned: NDArray[np.bool_], message: str, otherwise: str
) -> Iterator[QualityFinding]:
    leads = view.which(concerned)
    if leads:
        # Graded as if every lead were like it, a lead has to be worse than a recording before it is warned of.
        bad = min(view.quality.leads[lead] for lead in leads) < BLOCK_QUALITY
        level = Level.WARN if bad or view.quality.value < WARN_QUALITY else Level.NOTE
        yield QualityFinding(check, level, leads, f"{message}: {', '.join(leads)}.")
    else:
        yield QualityFinding(check, Level.OK, (), otherwise)


def _share_in_runs(marked: NDArray[np.bool_], shortest: int) -> NDArray[np.float64]:
    """Return for each row of `marked` (lead, time) the share of samples in runs of at least `shortest` true ones."""
    padded = np.pad(marked, ((0, 0), (1, 1))).astype(np.int8)
    edges = np.diff(padded, axis=1)
    rows, starts = np.nonzero(edges == 1)
    lengths = np.nonzero(edges == -1)[1] - starts
    kept = np.where(lengths >= shortest, lengths, 0)
    return np.asarray(np.bincount(rows, weights=kept, minlength=len(marked)) / marked.shape[1], dtype=np.float64)


def _share_at(rows: NDArray[np.float32], fs: float, hz: float) -> float:
    """Return the part of the rows' power that lies within 1 Hz of `hz`."""
    power = np.square(np.abs(np.fft.rfft(rows, axis=1))).sum(axis=0)
    near = np.abs(np.fft.rfftfreq(rows.shape[1], 1 / fs) - hz) <= 1.0
    return float(power[near].sum() / power.sum()) if power.sum() > 0 else 0.0

"""The sampling rate in every wording, and what only looks like it."""

from __future__ import annotations

import time

import numpy as np
import pytest

from suprem.ecg.formats.sampling_rate import StatedRate, rate_among, rate_in_text, rate_of_times, times_among

STATED = {
    "Sampling rate: 250 Hz": 250, "Sampling rate: 1,000 Hz": 1000, "Sampling rate: 1 000 Hz": 1000,
    "Sample frequency 0.25 kHz": 250, "Abtastrate: 250 Hz": 250, "Abtastfrequenz: 0,5 kHz": 500,
    "Sampling interval: 4 ms": 250, "Abtastintervall: 2 ms": 500, "Sampling period: 0.002 s": 500,
    "Sample Interval [us],2000": 500, "Sampling interval (ms): 4": 250, "Time between samples: 4 ms": 250,
    "Zeit zwischen Abtastwerten: 2 ms": 500, "dt: 0.002": 500, "dt = 2 ms": 500, "Time step 0.004 s": 250,
    "Fréquence d'échantillonnage : 500 Hz": 500, "Frecuencia de muestreo: 500": 500,
    "Taxa de amostragem: 400 Hz": 400, "Frequenza di campionamento = 1.000 Hz": 1000,
    "Bemonsteringsfrequentie: 500 Hz": 500, "采样率:500": 500, "采样频率：500Hz": 500,
    "サンプリング周波数: 500 Hz": 500, "Частота дискретизации: 500 Гц": 500, "Örnekleme frekansı: 500 Hz": 500,
    "fs=500": 500, "SampleRate,500": 500, "Sampling Frequency;500 Hz": 500, "500 samples per second": 500,
    "Sampled at 500 Hz": 500, "500 Hz sampling rate": 500, "Number of samples per second: 500": 500,
    "Heart rate: 72 bpm, Sampling rate: 500 Hz": 500, "HeartRate,172,SamplingRate,250": 250,
    "Sampling rate: 500 Hz, Filter 0.05-150 Hz, 50 Hz notch": 500, "Sampling Rate = 2.5e2 Hz": 250,
    "Frequency: 500 Hz": 500, "Sampling_Freq_Hz 257": 257,
}  # fmt: skip
OTHER = (
    "Heart rate: 172 bpm", "Low pass filter frequency: 150 Hz", "Bandwidth: 0.05 - 150 Hz", "Paper speed: 25 mm/s",
    "Mains frequency: 50 Hz", "Frequenz: 72/min", "High-pass: 0.5 Hz", "Pulse rate 250", "Samples: 5000",
    "Number of samples: 5000", "Sampling points: 5000", "Date: 2020-01-01 10:00", "I,II,III,aVR,aVL,aVF,V1,V2,V3",
)  # fmt: skip
UNCLEAR = (
    "Rate: 72", "Frequency: 100", "12 bit, 500 Hz", "Sampling rate: high", "Sampling: 500", "Sampling time: 10 s",
    "Resampled from 1000 Hz to 500 Hz", "Sampling rate: 5 Hz",
)  # fmt: skip


@pytest.mark.parametrize("line", STATED)
def test_a_rate_is_understood_in_any_wording(line: str) -> None:
    assert rate_in_text([line]) == StatedRate(STATED[line])


@pytest.mark.parametrize("line", OTHER)
def test_other_rates_and_counts_are_left_alone(line: str) -> None:
    assert rate_in_text([line]) == StatedRate()
    assert rate_in_text([line, "Sampling rate: 250 Hz"]).fs == 250


@pytest.mark.parametrize("line", UNCLEAR)
def test_what_is_like_a_rate_and_not_understood_is_told(line: str) -> None:
    assert rate_in_text([line]) == StatedRate(unclear=True)


def test_two_rates_that_differ_are_unclear() -> None:
    assert rate_in_text(["Sampling rate: 250 Hz", "fs: 500"]) == StatedRate(unclear=True)
    assert rate_in_text(["Sampling rate: 250 Hz", "Abtastintervall: 4 ms"]) == StatedRate(250)


@pytest.mark.parametrize(
    ("name", "value", "fs"),
    [
        ("curr_sample_rate", 250, 250), ("samplingRate", 250, 250), ("srate", np.float64(250), 250),
        ("fs_hz", 500, 500), ("sampling_interval_ms", 4, 250), ("SamplingRate_kHz", 0.5, 500),
        ("sample_rate", "500 Hz", 500), ("sampling_rate", np.full(12, 500), 500), ("ecg_fs", 500, 500),
        ("heart_rate", 172, None), ("nSamples", 5000, None), ("label", 3, None), ("filter_hz", 150, None),
        ("is_fs", True, None),
    ],
)  # fmt: skip
def test_named_values_are_understood(name: str, value: object, fs: float | None) -> None:
    assert rate_among([(name, value)]) == StatedRate(fs)


@pytest.mark.parametrize(
    ("unit", "step"), [("s", 4e-3), ("ms", 4), ("us", 4000), ("\N{MICRO SIGN}s", 4000), ("ns", 4e6)]
)
def test_times_are_read_in_their_unit_and_where_only_one_fits(unit: str, step: float) -> None:
    times = np.arange(500) * step + 10
    assert rate_of_times(times, unit) == 250
    assert rate_of_times(times, None) == 250
    assert times_among([(f"time_{unit}", times)]).fs == 250
    assert times_among([("times", times)]).fs == 250


def test_a_step_of_one_is_no_time_by_itself() -> None:
    assert rate_of_times(np.arange(500.0), None) is None
    assert times_among([("time", np.arange(500.0))]) == StatedRate(unclear=True)


@pytest.mark.parametrize("unit", ["a", "9", " ", "9 ", "sampling rate ", "Hz ", "9,", "-", "(", "\t", "_", "1'000 "])
def test_hostile_lines_take_no_longer_the_longer_they_are(unit: str) -> None:
    """Ratio of CPU time, not time: sixteen times the text may take a few times as long, not 256 times."""

    def spent(length: int) -> float:
        begin = time.process_time()
        for _ in range(3):
            rate_in_text([(unit * length)[: length * 4]])
            rate_among([((unit * length)[: length * 4], 5)])
        return time.process_time() - begin

    spent(1000)
    assert spent(16_000) < 60 * max(spent(1000), 2e-3)

"""The public corpora: where they are published, how large they are, and what one recognises their folder by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Publication:
    """A corpus that anyone may download.

    Args:
        name: As in its `RecordIndex`.
        title: For people.
        option: Of `suprem index-datasets`, which reads it.
        holds: What its folder holds.
        address: Where its files lie, beside a SHA256SUMS.txt that names all of them.
        part: The folder below `address` that is wanted; the rest belongs to other corpora.
        gigabytes: Disk that it needs, about.
        licence: Under which it is published.
    """

    name: str
    title: str
    option: str
    holds: str
    address: str
    gigabytes: float
    licence: str
    part: str = ""


PUBLISHED = {
    corpus.name: corpus
    for corpus in (
        Publication(
            name="ptb-xl",
            title="PTB-XL",
            option="ptbxl",
            holds="ptbxl_database.csv",
            address="https://physionet.org/files/ptb-xl/1.0.3/",
            gigabytes=3.2,
            licence="CC BY 4.0",
        ),
        Publication(
            name="mimic-iv-ecg",
            title="MIMIC-IV-ECG",
            option="mimic",
            holds="record_list.csv",
            address="https://physionet.org/files/mimic-iv-ecg/1.0/",
            gigabytes=97.0,
            licence="ODbL 1.0",
        ),
        Publication(
            name="csn",
            title="CSN (Chapman, Shaoxing, Ningbo)",
            option="csn",
            holds="WFDBRecords",
            address="https://physionet.org/files/ecg-arrhythmia/1.0.0/",
            gigabytes=5.5,
            licence="CC BY 4.0",
        ),
        Publication(
            name="cpsc2018",
            title="CPSC-2018, as the Challenge of 2021 packs it",
            option="cpsc2018",
            holds="REFERENCE.csv and A0001.mat, or g1/A0001.hea",
            address="https://physionet.org/files/challenge-2021/1.0.3/",
            part="training/cpsc_2018/",
            gigabytes=1.4,
            licence="CC BY 4.0",
        ),
        Publication(
            name="challenge",
            title="the Challenge of 2021, all hospitals",
            option="challenge",
            holds="headers of the Challenges 2020 and 2021, such as E00001.hea",
            address="https://physionet.org/files/challenge-2021/1.0.3/",
            part="training/",
            gigabytes=13.5,
            licence="CC BY 4.0",
        ),
    )
}
"""By name."""

"""The corpora that can be stored and evaluated, with the function that reads each one's folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from suprem.datasets.challenge import index_challenge
from suprem.datasets.cpsc2018 import index_cpsc2018
from suprem.datasets.csn import index_csn
from suprem.datasets.index import RecordIndex
from suprem.datasets.mimic_iv_ecg import index_mimic_iv_ecg
from suprem.datasets.ptbxl import index_ptbxl
from suprem.datasets.published import PUBLISHED, Publication


@dataclass(frozen=True)
class StoredCorpus:
    """A corpus that can be stored.

    Args:
        published: What it is.
        index: Reads its folder, given the folds to keep and the rate of the model.
    """

    published: Publication
    index: Callable[[Path, tuple[int, ...] | None, int], RecordIndex]


CORPORA = {
    corpus.published.option: corpus
    for corpus in (
        StoredCorpus(
            PUBLISHED["ptb-xl"],
            lambda root, folds, fs: index_ptbxl(root, folds=folds, fs=500 if fs > 100 else 100),
        ),
        StoredCorpus(PUBLISHED["mimic-iv-ecg"], lambda root, folds, _: index_mimic_iv_ecg(root, folds=folds)),
        StoredCorpus(PUBLISHED["cpsc2018"], lambda root, folds, _: index_cpsc2018(root, folds=folds)),
        StoredCorpus(PUBLISHED["csn"], lambda root, folds, _: index_csn(root, folds=folds)),
        StoredCorpus(PUBLISHED["challenge"], lambda root, folds, _: index_challenge(root, folds=folds)),
    )
}
"""By the option that names their folder."""

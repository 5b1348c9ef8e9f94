"""`suprem.load()`: a checkpoint as a Python program uses it, behind the same gate as the pages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from suprem.api.recordings import Recording, Stated, as_record
from suprem.api.scores import RecordScores, UnscoredRecord
from suprem.concepts.negation import set_negations_aside
from suprem.ecg.checks.quality import Level, QualityFinding, assess_quality, blocked
from suprem.ecg.measurement.measure import measure
from suprem.ecg.preprocess import Prepared, crop, preprocess
from suprem.ecg.record import EcgRecord
from suprem.errors import EcgError, QueryError
from suprem.inference.hub import fetch_checkpoint, is_repository
from suprem.inference.measured_check import spoken_against
from suprem.inference.predictor import Predictor
from suprem.settings import load_settings


def load(checkpoint: str | PathLike[str] | None = None, *, revision: str | None = None) -> Model:
    """Load a checkpoint.

    Args:
        checkpoint: Its folder, or owner/name of a repository of the Hugging Face Hub, which is fetched once; by default
            the checkpoint of this installation: `SUPREM_CHECKPOINT`, a promoted one, or the one that ships. Device,
            precision and threads follow the settings too (`SUPREM_DEVICE` and others).
        revision: Branch, tag or commit of a repository.

    Raises:
        CheckpointError: It is incomplete or damaged, or could not be fetched.
        ConfigError: A setting is wrong.
    """
    folder = None if checkpoint is None else Path(checkpoint)
    if folder is not None and not folder.exists() and is_repository(str(checkpoint)):
        folder = fetch_checkpoint(str(checkpoint), revision)
    return Model(Predictor.configured(load_settings(), folder))


class Model:
    """A loaded checkpoint. Research use only: what it says is no diagnosis. Safe to share between threads.

    Args:
        predictor: The path from record and words to score that pages and commands use.
    """

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    def __deepcopy__(self, memo: object) -> Model:
        """Return itself, which nothing changes: scikit-learn copies the arguments of what it clones."""
        return self

    @property
    def checkpoint(self) -> str:
        """Name of the checkpoint, which every score carries."""
        return self.predictor.id

    @property
    def queries(self) -> tuple[str, ...]:
        """Names of the findings it was trained on; any other words may be asked too, and each answer says how near."""
        return tuple(self.predictor.vocabulary.names)

    def score(
        self,
        recording: Recording,
        *,
        queries: Sequence[str],
        fs: float | None = None,
        leads: Sequence[str] | None = None,
        unit: str | None = None,
        ignore_quality: bool = False,
        give_withheld: bool = False,
    ) -> RecordScores:
        """Score one recording against queries in free text. Of a long one the cleanest window is scored.

        Args:
            recording: The path of a file or WFDB record, an array (lead, time) or (time, lead), a pandas DataFrame with
                one column a lead, a `wfdb.Record`, an `mne.io.Raw` or an `EcgRecord`.
            queries: Findings, for example "atrial fibrillation".
            fs: Sampling rate in Hz, for numbers that do not state it.
            leads: Lead names in order, for numbers that do not name them.
            unit: "mV", "uV" or "V", for numbers that do not state it. Where it is left out, it is concluded from the
                size of the values if that allows only one, and the result says so.
            ignore_quality: Score also what the quality gate blocks.
            give_withheld: Give also scores of which so much of the recording is missing that the finding loses more
                than a tenth of what a perfect score gains.

        Returns:
            Scores with all that belongs beside them; `.frame` is the table.

        Raises:
            EcgError: The recording cannot be read, lacks a fact, or is blocked by the quality gate.
            QueryError: A query cannot be used, or none is left to score.
            FileNotFoundError: There is no such file.
        """
        record = as_record(recording, Stated(fs, leads, unit))
        prepared, findings = self._prepare(record, ignore_quality)
        asked, aside = set_negations_aside(self.predictor.ask(_several(queries)), self.predictor.vocabulary)
        if not asked:
            raise QueryError(
                " ".join(query.reason for query in aside) or "No query was given; name at least one finding."
            )
        encoded = self.predictor.encode_prepared([prepared])
        scores = self.predictor.score(encoded, asked)
        given = [score for score in scores if give_withheld or not score.withheld]
        measured = measure(crop(record, prepared.start, self.predictor.spec.seconds))
        card, age, sex = self.predictor.card, record.age, record.sex
        return RecordScores(
            record_id=record.record_id,
            scores=tuple(given),
            start=prepared.start,
            quality=findings,
            notes=prepared.notes,
            against=spoken_against(given, asked, measured, card, age=age, sex=sex),
            cautions={query.text: query.caution for query in asked if query.caution},
            not_scored=tuple(aside),
            likeness=self.predictor.familiarity(encoded)[0],
            withheld={
                score.query: score.missing.sentence
                for score in scores
                if score.missing and score.withheld and not give_withheld
            },
        )

    def score_all(
        self,
        recordings: Iterable[Recording],
        *,
        queries: Sequence[str],
        fs: float | None = None,
        leads: Sequence[str] | None = None,
        unit: str | None = None,
        ignore_quality: bool = False,
        give_withheld: bool = False,
    ) -> list[RecordScores | UnscoredRecord]:
        """Score several recordings against the same queries; one that cannot be used is told apart and stops no other.

        Args:
            recordings: Each as for `score`; also one array (record, lead, time).
            queries: As for `score`, as are the other arguments, which hold for all recordings.

        Returns:
            One result a recording, in their order; `suprem.as_frame` makes one table of them.

        Raises:
            QueryError: A query cannot be used, or none is left to score.
        """
        results: list[RecordScores | UnscoredRecord] = []
        if isinstance(recordings, str | PathLike):
            recordings = [recordings]
        for number, recording in enumerate(recordings, start=1):
            name = Path(recording).stem if isinstance(recording, str | PathLike) else f"recording {number}"
            try:
                record = as_record(recording, Stated(fs, leads, unit), name)
                results.append(
                    self.score(record, queries=queries, ignore_quality=ignore_quality, give_withheld=give_withheld)
                )
            except EcgError as error:
                results.append(UnscoredRecord(name, str(error)))
            except OSError as error:
                results.append(UnscoredRecord(name, f"The file cannot be opened: {error.strerror or error}."))
        return results

    def features(
        self,
        recording: Recording,
        *,
        fs: float | None = None,
        leads: Sequence[str] | None = None,
        unit: str | None = None,
        ignore_quality: bool = False,
    ) -> NDArray[np.float32]:
        """Return the pooled features (width,) of the ECG encoder for one recording.

        Arguments and errors as in `score`.
        """
        prepared, _ = self._prepare(as_record(recording, Stated(fs, leads, unit)), ignore_quality)
        return self.predictor.features(prepared.signal[None])[0]

    def _prepare(self, record: EcgRecord, ignore_quality: bool) -> tuple[Prepared, tuple[QualityFinding, ...]]:
        """Return the window that is scored and what is not in order in it, as the reading page shows it.

        Raises:
            EcgError: It cannot be prepared, or the quality gate blocks it.
        """
        prepared = preprocess(record, self.predictor.spec)
        found = assess_quality(crop(record, prepared.start, self.predictor.spec.seconds))
        if blocked(found) and not ignore_quality:
            reasons = " ".join(finding.message for finding in found if finding.level is Level.BLOCK)
            raise EcgError(f"{reasons} Scored only with ignore_quality=True.")
        return prepared, tuple(finding for finding in found if finding.level is not Level.OK)


def _several(queries: Sequence[str]) -> list[str]:
    return [queries] if isinstance(queries, str) else list(queries)

"""Every error the project raises on purpose.

    SupremError                     shown to a person as one sentence, never as a traceback
    ├── ConfigError                 a setting or configuration file is wrong
    ├── NotAllowed                  the person who is logged in may not do this
    ├── FolderInUse                 another process writes there
    ├── DatabaseUnavailable         the database does not answer, or cannot be written or read
    ├── Cancelled                   a person or the scheduler asked long work to stop
    ├── EcgError
    │   ├── UnreadableEcg           the file is not an ECG this project can read
    │   ├── MissingFact             a table does not say what its numbers are; a person may know
    │   ├── MissingLead             a lead that is needed is not there and cannot be derived
    │   └── BadSamplingRate         the sampling rate or the length cannot be used
    ├── QueryError                  a query is empty, too long or not text
    ├── ReportError                 a report table or text cannot be used
    │   ├── LlmUnavailable
    │   └── UnparsableAnswer
    ├── ConceptError                terms, vocabulary, mapping or reviews do not fit together
    │   └── ReviewConflict          the decision was changed elsewhere in the meantime
    ├── CheckpointError             a checkpoint is incomplete or damaged
    │   └── EmbedderMismatch        made with another text encoder
    ├── DatasetError                a corpus, index or signal store cannot be used
    │   └── CorpusNotFound          the folder is not the corpus it should be
    ├── EvaluationError             labels, scores or results do not fit together
    ├── CohortError                 a folder of scored recordings cannot be used or gone on with
    ├── TrainingError               training cannot go on (for example a loss that is not a number)
    └── JobError                    a background job cannot be started or changed

Each message says what was found, what was expected and what to do. Errors caused by a bad value are also `ValueError`,
those caused by a missing thing on disk also `FileNotFoundError`, so callers may catch what they already know.
A message must never carry a patient identifier: no file name of an upload, no name, no date of birth.
"""


class SupremError(Exception):
    """Base of all errors whose message is meant for a person."""


class ConfigError(SupremError, ValueError):
    """A setting or configuration file is wrong."""


class NotAllowed(SupremError):
    """The person who is logged in lacks the role for what they want, or it is another's."""


class FolderInUse(SupremError):
    """Another process writes the folder."""


class DatabaseUnavailable(SupremError):
    """The database is locked, down, read-only or damaged; nothing was written."""


class Cancelled(SupremError):
    """Long work was asked to stop; what was done so far is saved."""


class EcgError(SupremError, ValueError):
    """An ECG cannot be used."""


class UnreadableEcg(EcgError):
    """The bytes are not an ECG in a format this project reads."""


class MissingFact(EcgError):
    """A table of numbers does not state rate, unit or leads, and they do not follow from it; a person may know them."""


class MissingLead(EcgError):
    """A needed lead is absent and cannot be derived from the others."""


class BadSamplingRate(EcgError):
    """The sampling rate or the length of the recording cannot be used."""


class QueryError(SupremError, ValueError):
    """A query is empty, too long or not text."""


class ReportError(SupremError, ValueError):
    """A report table or a report text cannot be used."""


class LlmUnavailable(ReportError):
    """The language model server did not answer."""


class UnparsableAnswer(ReportError):
    """The language model's answer is not in the agreed form."""


class ConceptError(SupremError, ValueError):
    """Terms, vocabulary, mapping or reviews do not fit together."""


class ReviewConflict(ConceptError):
    """The decision was changed elsewhere in the meantime; the newer one is kept."""


class CheckpointError(SupremError, ValueError):
    """A checkpoint is incomplete, damaged or does not fit."""


class EmbedderMismatch(CheckpointError):
    """The checkpoint was made with another text encoder than the one in use."""


class DatasetError(SupremError, ValueError):
    """A corpus, index or signal store cannot be used."""


class CorpusNotFound(DatasetError, FileNotFoundError):
    """The folder does not hold the corpus it should."""


class EvaluationError(SupremError, ValueError):
    """Labels, scores or results of an evaluation do not fit together."""


class CohortError(SupremError, ValueError):
    """A folder of scored recordings is damaged, or was begun with other recordings, queries or model."""


class TrainingError(SupremError):
    """Training cannot go on."""


class JobError(SupremError, ValueError):
    """A background job cannot be started or changed."""

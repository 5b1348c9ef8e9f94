from __future__ import annotations

from tests.inference.reports import LINEAGE, RESULTS


def test_each_recording_has_its_scores_remarks_or_reason() -> None:
    first, second = RESULTS
    assert (first.record_id, first.remarks, first.reason) == ("a", ("Rate taken for 500 Hz.", "V6 is flat."), "")
    assert [(score.name, score.snomed) for score in first.scores] == [("atrial fibrillation", "49436004"), ("", "")]
    assert (second.scores, second.reason) == ((), "The file is empty.")


def test_support_is_a_sentence_that_names_what_is_near() -> None:
    known, unknown = (score.support for score in RESULTS[0].scores)
    assert known == "The query is trained with regard to what the model was trained on."
    assert unknown.endswith(
        "outside with regard to what the model was trained on; nearest trained concepts: pause (0.31)."
    )
    assert LINEAGE.words == "SuPreME Studio 1.2.3, checkpoint abc123, text encoder minilm"

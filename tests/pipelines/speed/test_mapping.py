"""What a slider move is timed on is a mapping like a real one: clusters, refusals, some of everything."""

from __future__ import annotations

from pipelines.speed.mapping import mapping_figures, synthetic_similarities
from suprem.concepts.guards import conflict
from suprem.concepts.mapping.mapping import remap


def test_synthetic_names_are_clustered_mapped_and_refused_by_real_guards() -> None:
    similarities = synthetic_similarities(400, 50)
    rows = remap(similarities, cluster_threshold=0.8, map_threshold=0.65)
    assert len(rows) == 400
    assert 100 < len({row.cluster for row in rows}) < 380
    assert 0.2 < sum(bool(row.code) for row in rows) / 400 < 0.8
    refused = [row for row in rows if not row.code and row.guard]
    assert len(refused) > 20
    for row in range(20):
        for column, concept in enumerate(similarities.vocabulary.names):
            assert similarities.excluded[row, column] == (conflict(similarities.entities[row], concept) is not None)


def test_a_move_is_timed_for_each_number_of_entities() -> None:
    (figure,) = mapping_figures({60: "< 100"})
    assert (figure.name, figure.unit, figure.wanted) == ("slider move, 60 entities x 295 terms", "ms", "< 100")
    assert figure.value > 0

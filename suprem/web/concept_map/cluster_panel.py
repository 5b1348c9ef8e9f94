"""Clusters as a map and as a table, and the names in the chosen one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from suprem.concepts.mapping.cluster_map import ClusterSummary, cluster_positions, summarise_clusters
from suprem.concepts.mapping.versions import VocabularyVersion
from suprem.web.concept_map.concept_cache import mappings_of, mentions_of, similarities_of
from suprem.web.concept_map.mapping_figure import cluster_figure
from suprem.web.concept_map.review_words import guard_words
from suprem.web.frame import PLOT, plain


def show_clusters(version: VocabularyVersion) -> None:
    """Draw map and table, and the members of the cluster that was chosen in the table."""
    clusters = _clusters(version.folder)
    figure = cluster_figure(
        _positions(version.folder),
        [
            {
                "representative": cluster.representative,
                "names": len(cluster.entities),
                "records": cluster.records,
                "concept": cluster.concept,
                "state": cluster.state,
            }
            for cluster in clusters
        ],
        dark=st.context.theme.type == "dark",
    )
    st.plotly_chart(figure, theme=None, config=PLOT, key="cluster-map", alt="Map of the clusters of entities")
    st.caption("Clusters that resemble the same concepts lie together; distances and directions mean nothing else.")
    table, members = st.columns((3, 2), gap="large")
    with table:
        chosen = st.dataframe(
            cluster_rows(clusters),
            hide_index=True,
            height=420,
            key="clusters",
            on_select="rerun",
            selection_mode="single-row",
        )
    rows = chosen["selection"]["rows"]
    with members:
        cluster = clusters[rows[0] if rows and rows[0] < len(clusters) else 0]
        st.markdown(f"**{plain(cluster.representative)}** and what was taken for the same")
        targets = {row.entity: row for row in mappings_of(version.folder)}
        counts = mentions_of(version.folder).counts
        st.dataframe(
            [
                {
                    "entity": name,
                    "records": counts.get(name, 0),
                    "code": targets[name].code,
                    "mind": guard_words(targets[name].guard),
                }
                for name in cluster.entities
            ],
            hide_index=True,
            height=380,
            key="members",
        )


def cluster_rows(clusters: list[ClusterSummary]) -> list[dict[str, str | int]]:
    """Return the table of clusters, one row each."""
    return [
        {
            "cluster": cluster.representative,
            "names": len(cluster.entities),
            "records": cluster.records,
            "codes": " ".join(cluster.codes),
            "state": cluster.state,
        }
        for cluster in clusters
    ]


@st.cache_resource(max_entries=4, show_spinner=False)
def _clusters(folder: Path) -> list[ClusterSummary]:
    return summarise_clusters(mappings_of(folder), mentions_of(folder))


@st.cache_resource(max_entries=4, show_spinner="Laying out the map …")
def _positions(folder: Path) -> NDArray[np.float64]:
    return cluster_positions(similarities_of(folder), _clusters(folder))

"""What the loaded checkpoint is, was trained on, and can and cannot do. For whoever has to judge a score."""

from __future__ import annotations

import streamlit as st

from suprem.web.frame import page, plain
from suprem.web.model_cache import shared_predictor
from suprem.web.model_card import attention_rows, attention_sentence, statement_rows, training_rows, validation_sentence
from suprem.web.read_ecg.score_panel import encoder_sentence

with page("Model card", "What the loaded model is, what it was trained on, and what it can and cannot do."):
    predictor = shared_predictor()
    card = predictor.card

    st.subheader(f"Checkpoint {predictor.id}", anchor=False)
    st.markdown(plain(encoder_sentence(predictor.encoder)))
    if not predictor.sealed:
        st.warning(
            "No manifest vouches for the files of this checkpoint, which an earlier version wrote: nobody can tell "
            "whether its vectors, vocabulary or card were changed since. Promote it anew to seal it."
        )
    intended, excluded = st.columns(2, gap="large")
    intended.markdown(f"**Intended use.** {plain(card.intended_use or 'Not stated.')}")
    excluded.markdown(f"**Out of scope.** {plain(card.out_of_scope or 'Not stated.')}")
    st.markdown("\n".join(f"- {plain(warning)}" for warning in card.warnings))

    st.subheader("How well it orders recordings", anchor=False)
    st.markdown(plain(validation_sentence(card)))
    statements = statement_rows(card)
    if statements:
        st.dataframe(statements, hide_index=True, height=460)
        st.caption(
            "A wide interval means few positive records; such a statement's figure says little. The calibration error "
            "is of probabilities fitted to the scores of frequent statements, on patients not fitted on."
        )
    else:
        st.caption("The card holds no figures for single statements.")

    st.subheader("Whether its attention depends on what was learned", anchor=False)
    compared = attention_rows(card, predictor.id)
    if compared:
        st.markdown(plain(attention_sentence(card)))
        st.dataframe(compared, hide_index=True)
    else:
        st.caption("Not checked for this checkpoint; see suprem check-attention.")

    st.subheader("What it was trained on", anchor=False)
    st.dataframe(training_rows(card), hide_index=True)

    st.subheader(f"Vocabulary: {len(predictor.vocabulary)} trained terms", anchor=False)
    terms = [
        {"code": concept.code, "term": concept.name, "other wordings": ", ".join(concept.synonyms)}
        for concept in predictor.vocabulary.concepts
    ]
    st.dataframe(terms, hide_index=True)

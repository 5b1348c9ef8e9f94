"""SuPreME Studio: score 12-lead ECGs against typed cardiac findings. Research use only, not a medical device.

The map of the house, from the ground up. A room imports only rooms above it in this list (docs/architecture.md has the
exact table, tests/test_architecture.py holds everyone to it):

    errors       every error raised on purpose, each message a sentence for a person
    atomic       files that are there whole or not at all
    configfile   strict TOML <-> frozen dataclass
    settings     where this installation keeps things and what it runs on
    ecg          one ECG: record, readers, quality, and preprocess(), the only way to model input
    reports      report text -> entities
    model        the network: tensors only
    concepts     words -> vocabulary, text vectors, queries
    datasets     many ECGs: corpora, labels, the signal store
    inference    ECG + queries -> scores: Predictor, used by pages, commands and evaluation alike
    evaluation   how good the scores are
    training     how the model is learned
    web          the only room that knows Streamlit

Outside: `pages/` (thin, what a person sees), `pipelines/` (one command per stage), `assets/` (what ships).
"""

__version__ = "0.1.0"

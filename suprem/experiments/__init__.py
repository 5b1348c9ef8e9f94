"""Whole experiments: pre-training, evaluation, probes, ablations, robustness and promotion of a checkpoint."""

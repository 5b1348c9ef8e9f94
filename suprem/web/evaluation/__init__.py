"""The page "Evaluation": starting one, its figures and panels, comparisons, probes, ablations and worst cases."""

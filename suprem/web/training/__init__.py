"""The page "Training": corpora, the form of a run, jobs and their log, curves and comparisons of runs."""

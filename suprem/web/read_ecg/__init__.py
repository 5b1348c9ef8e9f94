"""The page "Read an ECG": pickers, quality, trace, queries, scores, explanations and what-if edits."""

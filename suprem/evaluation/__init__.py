"""How good the scores are: statistics, the zero-shot protocol, and results that can be stored and compared."""

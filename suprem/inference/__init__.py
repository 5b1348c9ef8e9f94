"""ECGs and queries in, scores and attention out: the only door that page, command line and evaluation use."""

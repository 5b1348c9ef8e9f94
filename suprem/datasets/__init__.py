"""Many ECGs: corpora read from their original folders into one table, their evaluation tasks, and the signal store."""

"""One ECG: its record, the readers of its file formats, its quality, and the only way from record to model input."""

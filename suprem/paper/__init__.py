"""One ECG on ECG paper, in millimetres: the same on the screen and in print."""

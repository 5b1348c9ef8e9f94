"""ECGs composed out of the beats of real recordings, for conditions of which a corpus has few or no recordings.

A condition is taught by describing what it does to an ECG: which waves come when, and how a beat changes. The beats,
P waves and baselines are real, the labels follow from the description.
"""

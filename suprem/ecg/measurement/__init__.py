"""Intervals, axis, voltages, ST and T of an ECG from its median beat, and what they are checked against."""

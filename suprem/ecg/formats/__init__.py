"""The readers of every file format, and what they share: lead names, channel tables, device words, archives."""

"""What may be wrong with a recording before it is scored: quality, lead by lead, and exchanged electrodes."""

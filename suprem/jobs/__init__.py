"""Background work: a table of jobs, one detached supervisor for each, and what is shown of them."""

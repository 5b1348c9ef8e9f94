"""One stage, one module, one command: `python -m pipelines` lists them. The edge where settings become values."""

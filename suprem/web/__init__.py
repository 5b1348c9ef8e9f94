"""The only room that knows Streamlit: frame and gate, pickers, caches, and pure functions that draw figures."""

"""The rendered files held against the real programs that read them; no engine is needed."""

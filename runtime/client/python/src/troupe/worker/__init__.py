"""The process that runs one Python model for a node: `python -m troupe.worker`. docs/worker-protocol.md says what it
and the node tell each other; troupe/models.py what it calls."""

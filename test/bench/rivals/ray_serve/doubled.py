"""Troupe's side: the same work as ray_app.py."""

import troupe


@troupe.model
class Doubled:
    def infer(self, batch):
        return {"x": batch["x"] * 2}

"""The map of the network as a picture. It knows no Matrix and no storage: marks and texts in, PNG out."""

from commands.map.drawing import Mark, Texts, draw, picture, size
from commands.map.projection import View

__all__ = ["Mark", "Texts", "View", "draw", "picture", "size"]

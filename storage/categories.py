"""For whom somebody speaks: the categories of the community, by which commitments and members are counted."""

from __future__ import annotations

from typing import Literal

Category = Literal["state", "mechanism", "civil_society", "academia", "nhri", "international"]

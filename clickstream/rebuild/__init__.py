"""Counts marts anew from the raw rows while events go on coming in."""

from clickstream.rebuild.days import Days
from clickstream.rebuild.rebuild import rebuild, repair
from clickstream.rebuild.report import Report, Step, silent

__all__ = ["Days", "Report", "Step", "rebuild", "repair", "silent"]

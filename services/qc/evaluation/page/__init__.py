"""An evaluation as one HTML page that needs nothing else: pictures, plots and style are in it."""

from services.qc.evaluation.page.document import render

__all__ = ["render"]

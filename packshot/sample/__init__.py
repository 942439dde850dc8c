"""A sample catalogue for people who have no photos of their own: drawn products, known defects."""

from packshot.sample.catalogue import Catalogue, make_catalogue

__all__ = ["Catalogue", "make_catalogue"]

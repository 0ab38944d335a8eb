"""Where a project keeps its tables: a protocol, and one GeoPackage file that keeps it."""

from geo.store.base import Store
from geo.store.gpkg import GeoPackage
from geo.store.lock import locked

__all__ = ["GeoPackage", "Store", "locked"]

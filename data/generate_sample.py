"""Make the fictional sample ward again: ``python data/generate_sample.py [--out DIR]``.

The same bytes come out every time, so that a change of the sample is a change of the plan and nothing else.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from generator import city, people, places, streets, zones

HERE = Path(__file__).resolve().parent


def make(folder: Path) -> None:
    """Write all files of the sample ward into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    town = city.build()
    ways = streets.lay(town)
    areas = people.areas(town)
    ground = places.Ground(ways, areas)
    zones.write_municipalities(folder / "N03-20250101_99.geojson", town)
    zones.write_middle_schools(folder / "A32-23_99.shp", town)
    zones.write_elementary_schools(folder / "A27-23_99.geojson", town)
    zones.write_branch_offices(folder / "branch_offices.geojson", town)
    people.write_boundaries(folder / "r2ka99101.shp", areas, town.river)
    people.write_tables(folder, areas)
    streets.write_pbf(folder / "streets.osm.pbf", ways)
    places.write_meeting_places(folder / "ibasho_salon.csv", ground)
    places.write_cafeterias(folder / "kodomo_shokudo.csv", ground)
    places.write_vacancies(folder / "vacant.csv", ground)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE / "sample", help="folder for the files")
    make(parser.parse_args().out)


if __name__ == "__main__":
    main()

"""What the browser loads: scripts, styles and geometry, all from this machine.

Leaflet and its markercluster plugin come from installed Python packages, the map's own script from
``geo.present.static``. A component that is never drawn gives each folder an address below ``/component/``,
beside the frame of streamlit-folium, so that relative addresses hold behind any proxy.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import folium
import platformdirs
import streamlit as st
from branca.element import MacroElement
from folium.elements import JSCSSMixin
from folium.template import Template
from streamlit.components.v1 import declare_component
from xstatic.pkg import leaflet, leaflet_markercluster

from geo import text
from geo.pipeline import Prepared
from geo.present import geometry
from geo.present.maps import View

OWN = Path(str(resources.files("geo.present") / "static"))
CACHE = Path(os.environ.get("IBASHO_CACHE") or platformdirs.user_cache_dir("ibasho-atlas"))
GEOMETRY, SCRIPTS = CACHE / "geometry", CACHE / "scripts"
PARTS = (
    Path(leaflet.BASE_DIR, "leaflet.js"),
    Path(leaflet_markercluster.BASE_DIR, "leaflet.markercluster.js"),
    *(OWN / f"atlas_{name}.js" for name in ("sheet", "map", "picture")),
    Path(leaflet.BASE_DIR, "leaflet.css"),
    Path(leaflet_markercluster.BASE_DIR, "MarkerCluster.css"),
    OWN / "atlas_map.css",
)
GSI = "https://cyberjapandata.gsi.go.jp/xyz/pale/{z}/{x}/{y}.png"
"""Background tiles of the Geospatial Information Authority of Japan; asked for only when the machine's
setting ``IBASHO_BASEMAP=gsi`` says so."""
ENGLISH = {
    "[data-testid=stFileUploaderDropzone] button [data-testid=stMarkdownContainer] p": "app.choose_file",
    "[data-testid=stFileUploaderDropzoneInstructions] > div > span": "app.file_size",
    "[data-testid=InputInstructions] > span": "app.press_enter",
    "[data-testid=stExpandSidebarButton]": "app.menu",
    "[data-testid=stSkipToContent]": "app.skip",
}
"""Where Streamlit says something of its own on a page, and what stands there instead."""
GSI_TERMS = "https://maps.gsi.go.jp/development/ichiran.html"


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{os.getpid()}.{path.name}")
    part.write_bytes(content)
    part.replace(path)


def _joined(kind: str) -> str:
    """All scripts or styles of the map as one file: the frame loads one after another.

    Its name carries its digest, so that a browser never keeps an old one.
    """
    # A script that ends without its semicolon would call the next one.
    between = {"js": b"\n;\n", "css": b"\n"}[kind]
    content = between.join(file.read_bytes() for file in PARTS if file.suffix == f".{kind}")
    name = f"map-{hashlib.sha256(content).hexdigest()[:12]}.{kind}"
    if not (SCRIPTS / name).is_file():
        _write(SCRIPTS / name, content)
    return _address("scripts", name)


def _address(folder: str, file: str) -> str:
    return f"../{__name__}.{folder}/{file}"


for _name, _folder in {"geometry": GEOMETRY, "scripts": SCRIPTS}.items():
    _folder.mkdir(parents=True, exist_ok=True)
    declare_component(_name, path=str(_folder))


class _Map(folium.Map):
    """folium's map without its list of foreign scripts."""

    default_js = [("atlas", _joined("js"))]  # noqa: RUF012 - the name is folium's
    default_css = [("atlas", _joined("css"))]  # noqa: RUF012


class _Call(JSCSSMixin, MacroElement):
    """A call of the map's script."""

    _template = Template("{% macro script(this, kwargs) %}{{ this.code }}{% endmacro %}")

    def __init__(self, code: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.code = code


def publish(version: str, prepared: Prepared) -> dict[str, str]:
    """Write the layers of a data version where the browser finds them; public geometry only.

    Returns
    -------
    files : dict of str to str
        File name of each layer.
    """
    stem = f"{version[:24]}-{geometry.FORMAT}"
    index = GEOMETRY / f"{stem}-index.json"
    if not index.is_file():
        payloads = geometry.layers(
            municipalities=prepared.municipality,
            zones_table=prepared.zones,
            small_areas=prepared.small_areas,
            cells_table=prepared.cells,
            streets_table=prepared.streets,
            places_table=prepared.places,
            catchments_table=prepared.catchments,
            outside=prepared.outside["place_id"].tolist(),
            municipality_code=prepared.study.municipality_code,
        )
        files = {layer: f"{stem}-{layer}.json" for layer in payloads}
        for layer, payload in payloads.items():
            _write(GEOMETRY / files[layer], payload)
        _write(index, json.dumps(files).encode())
    return dict(json.loads(index.read_text(encoding="utf-8")))


def base_map(files: Mapping[str, str]) -> folium.Map:
    """The frame that never changes while the data stay: a change would load the map anew."""
    frame = _Map(
        location=[0, 0],
        zoom_start=2,
        tiles=None,
        zoom_control=False,
        prefer_canvas=True,
        zoomSnap=0.25,
        maxZoom=19,
    )
    config: dict[str, Any] = {"base": _address("geometry", ""), "files": dict(files)}
    if os.environ.get("IBASHO_BASEMAP") == "gsi":
        # The authority's own name is part of the licence: the same in every language.
        credit = f'<a href="{GSI_TERMS}">{text.say("map.gsi", "ja")}</a>'
        config["tiles"] = {"url": GSI, "credit": credit}
    _Call(f"IB.mount(map_div, {json.dumps(config, sort_keys=True)});").add_to(frame)
    return frame


def change(view: View) -> folium.FeatureGroup:
    """What is sent when something changes: the view alone."""
    group = folium.FeatureGroup(name="view")
    _Call(f"IB.view({view.script()});").add_to(group)
    return group


def styles(language: text.Language) -> None:
    """The styles of tables and text, and the reader's words where Streamlit knows English ones only."""
    st.html(OWN / "page.css")
    st.html(f"<style>{''.join(_instead(*one, language) for one in ENGLISH.items())}</style>")


def _instead(place: str, key: str, language: text.Language) -> str:
    words = json.dumps(text.say(key, language, n=st.get_option("server.maxUploadSize")), ensure_ascii=False)
    return f"{place} {{ font-size: 0; }} {place}::after {{ content: {words}; font-size: .875rem; }}\n"

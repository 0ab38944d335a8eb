"""The same study drawn by stock folium: a Choropleth of the small areas and a marker with a popup for every place.

What a planner would write who has folium and Streamlit at hand; the bench of the app starts it as a peer. Scripts and
style sheets come from the installed packages here too, since there may be no internet where it is measured.
"""

from __future__ import annotations

import os
from pathlib import Path

import folium
import pandas as pd
import streamlit as st
from folium.plugins import MarkerCluster
from streamlit.components.v1 import declare_component
from streamlit_folium import st_folium
from xstatic.pkg import leaflet, leaflet_markercluster

from geo import pipeline, project


@st.cache_resource
def prepared() -> pipeline.Prepared:
    return pipeline.prepare(project.open_(Path(os.environ["IBASHO_PROJECT"])))


def share(limit_m: int) -> pd.DataFrame:
    """Of each small area, the share of people within a walk of a place."""
    held = prepared()
    table = held.coverage[(held.coverage["group"] == "all") & (held.coverage["kind"] == "any")]
    area = table["origin_id"].map(held.origins.set_index("origin_id")["small_area_id"])
    near = table["people"].where(table["nearest_m"] <= limit_m, 0.0)
    sums = pd.DataFrame({"area": area, "near": near, "people": table["people"]}).groupby("area").sum()
    return (sums["near"] / sums["people"]).rename("share").reset_index()


for part in (folium.Map, MarkerCluster):  # from this machine: the peer is not to wait for what cannot come
    part.default_js, part.default_css = [], []
for name, folder in (("leaflet", leaflet.BASE_DIR), ("cluster", leaflet_markercluster.BASE_DIR)):
    declare_component(name, path=folder)
folium.Map.default_js = [
    ("leaflet", "../stock.leaflet/leaflet.js"),
    ("markercluster", "../stock.cluster/leaflet.markercluster.js"),
]
folium.Map.default_css = [
    ("leaflet", "../stock.leaflet/leaflet.css"),
    ("markercluster", "../stock.cluster/MarkerCluster.css"),
]
st.set_page_config(layout="wide")
limit_m = st.slider("limit", 200, 1_500, 500, 50)
held = prepared()
areas = held.small_areas.to_crs(4326)[["small_area_id", "name", "geometry"]]
middle = areas.total_bounds
chart = folium.Map([(middle[1] + middle[3]) / 2, (middle[0] + middle[2]) / 2], zoom_start=12, tiles=None)
shades = folium.Choropleth(
    areas.to_json(),
    data=share(limit_m),
    columns=["area", "share"],
    key_on="feature.properties.small_area_id",
    fill_color="YlGnBu",
).add_to(chart)
for name in [name for name in shades._children if name.startswith("color_map")]:
    del shades._children[name]  # its legend asks for a script from abroad
cluster = MarkerCluster().add_to(chart)
for place in held.places.to_crs(4326).itertuples():
    folium.Marker([place.geometry.y, place.geometry.x], popup=str(place.name)).add_to(cluster)
st_folium(chart, height=600, use_container_width=True)
st.markdown(f"<i id='done' data-limit='{limit_m}'></i>", unsafe_allow_html=True)

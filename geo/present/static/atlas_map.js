/* The atlas' map: geometry is loaded once by URL, a view recolours it by one character a feature.

   Names come from files, so they are written with textContent only. Leaflet, its markercluster plugin for many places
   and atlas_sheet.js must be loaded before. Python calls IB.mount once and IB.view on every change. */
(function () {
  "use strict";

  const IB = (window.IB = window.IB || {});
  const UNKNOWN = "Z";
  const PANES = { wards: 300, areas: 350, water: 352, ground: 354, cells: 360, streets: 380, zones: 390, mask: 395, mark: 398 };

  const state = (IB.state = {
    map: null, base: "", files: {}, layers: {}, wanted: null, shown: 0, times: {}, focus: undefined,
  });
  IB.layers = state.layers;

  /* ---- geometry ------------------------------------------------------------------------------- */

  function spot(data, pair) {
    return [pair[1] / data.steps, pair[0] / data.steps];
  }

  function those(values, fits) {
    const found = [];
    for (let i = 0; i < values.length; i += 1) if (fits(values[i], i)) found.push(i);
    return found;
  }

  function need(name) {
    if (state.layers[name]) return state.layers[name].loading;
    const layer = (state.layers[name] = { name: name, ready: false, items: [], codes: "" });
    layer.loading = fetch(state.base + state.files[name])
      .then((answer) => {
        if (!answer.ok) throw new Error(name + ": " + answer.status);
        return answer.json();
      })
      .then((data) => {
        layer.data = data;
        layer.shape = IB.shape(data);
        layer.ready = true;
        return layer;
      });
    return layer.loading;
  }

  /* ---- canvas --------------------------------------------------------------------------------- */

  function pane(name, clickable) {
    const map = state.map;
    if (!map.getPane("ib-" + name)) {
      const element = map.createPane("ib-" + name);
      element.style.zIndex = PANES[name];
      element.classList.add("ib-pane-" + name);
      if (!clickable) element.style.pointerEvents = "none";
    }
    return "ib-" + name;
  }

  function canvas(name, clickable) {
    state.canvases = state.canvases || {};
    if (!state.canvases[name]) state.canvases[name] = L.canvas({ pane: pane(name, clickable), padding: 0.3 });
    return state.canvases[name];
  }

  function sheet(name, layer, passes, clickable) {
    const options = { renderer: canvas(name, clickable), pane: "ib-" + name, interactive: Boolean(clickable) };
    return IB.sheet(layer.shape, passes, options).addTo(state.map);
  }

  /* ---- layers --------------------------------------------------------------------------------- */

  function drawWards(layer) {
    const data = layer.data, ground = state.tiles ? 0 : 1;
    const asked = those(data.asked, (one) => one === 1), others = those(data.asked, (one) => one !== 1);
    sheet("wards", layer, [
      { of: others, color: "#aab1b8", weight: 0.8, fill: "#eceae4", fillOpacity: ground },
      { of: asked, color: "#3c4650", weight: 1.6, fill: "#ffffff", fillOpacity: ground },
    ]);
    others.forEach((i) => label(spot(data, data.at[i]), data.names[i], "ib-ward-name").addTo(state.map));
  }

  function label(point, words, className) {
    const element = document.createElement("span");
    element.textContent = words;
    return L.marker(point, {
      interactive: false, keyboard: false,
      icon: L.divIcon({ className: className, html: element, iconSize: null }),
    });
  }

  function drawWater(layer) {
    sheet("water", layer, [{ of: those(layer.data.water, Boolean), fill: "#cfe0ea" }]);
  }

  function drawStreets(layer) {
    /* White on the classes' colours; grey below them, for land that no class colours. */
    const looks = {
      minor: [{ color: "#b9c0c6", weight: 0.7 }, { color: "#ffffff", weight: 0.7, opacity: 0.5 }],
      major: [{ color: "#8d969e", weight: 1.6 }, { color: "#ffffff", weight: 1.8, opacity: 0.75 }],
      stairs: [null, { color: "#1c242b", weight: 1.4, opacity: 0.8, dash: [1.5, 2.5] }],
    };
    const ids = layer.data.ids;
    ["ground", "streets"].forEach((name, k) => {
      const own = those(ids, (id) => looks[id][k]);
      sheet(name, layer, own.map((i) => Object.assign({ of: [i] }, looks[ids[i]][k])));
    });
  }

  function drawOutlines(layer) {
    /* Borders of the small areas under the cells' colours: thin, so that the colours speak. */
    sheet("zones", layer, [{ color: "#39434c", weight: 0.5, opacity: 0.45 }]);
  }

  function drawZones(layer, shown) {
    const data = layer.data;
    if (!layer.group) {
      const lines = sheet("zones", layer, [{ color: "#1c242b", weight: 1.8, dash: [6, 4], opacity: 0.9 }]);
      const names = data.names.map((name, i) => label(spot(data, data.at[i]), name, "ib-zone-name"));
      layer.group = L.layerGroup([lines, ...names]);
    }
    if (shown) layer.group.addTo(state.map);
    else layer.group.remove();
  }

  function drawReach(view) {
    /* The ground around the places that count: all of a distance are one shape, so that where they meet is no border. */
    const key = view.reach ? JSON.stringify([view.places, view.entries]) : "";
    if (state.reachKey === key) return;
    state.reachKey = key;
    if (state.reach) state.reach.remove();
    state.reach = null;
    if (!view.reach) return;
    const layer = state.layers.catchments, data = layer.data;
    const passes = view.entries.slice().reverse().map((entry) => ({
      of: those(data.code, (code, i) => code === entry.code && view.places[data.place[i]] !== "0"),
      color: entry.colour, weight: 0.7, fill: entry.colour, fillRule: "nonzero",
    }));
    state.reach = sheet("cells", layer, passes, true);
    state.reach.options.interactive = false;
  }

  function bounds(layer, rows) {
    const box = L.latLngBounds([]);
    rows.forEach((i) => {
      const own = IB.bounds(layer.shape, i);
      if (own) box.extend(IB.point(own[0], own[1])).extend(IB.point(own[2], own[3]));
    });
    return box;
  }

  /* ---- the coloured layer --------------------------------------------------------------------- */

  function look(view, entry) {
    const border = view.layer === "areas" ? { color: "#ffffff", weight: 0.8 } : { color: entry.colour, weight: 0.7 };
    return Object.assign({ fill: entry.colour, hatch: entry.hatch },
      entry.hatch && view.layer === "cells" ? { color: "#f4f4f4", weight: 0.3 } : border);
  }

  function drawColoured(layer, view) {
    const entries = JSON.stringify(view.entries);
    if (layer.codes !== view.codes || layer.entries !== entries) {
      const of = {};
      view.entries.forEach((entry) => { of[entry.code] = []; });
      for (let i = 0; i < view.codes.length; i += 1) if (of[view.codes[i]]) of[view.codes[i]].push(i);
      layer.passes = view.entries.map((entry) => Object.assign({ of: of[entry.code] }, look(view, entry)));
      if (layer.sheet) layer.sheet.recolour(layer.passes);
    }
    if (!layer.sheet) {
      layer.sheet = sheet(layer.name, layer, layer.passes, true);
      layer.sheet.on("mousemove", (event) => hover(layer, event));
      layer.sheet.on("mouseout", () => hide());
      layer.sheet.on("click", (event) => picked(layer.name, layer.sheet.hit, event));
    }
    layer.codes = view.codes;
    layer.entries = entries;
    layer.sheet.addTo(state.map);
  }

  function nameOf(layer, i) {
    if (layer.data.names) return layer.data.names[i];
    const areas = state.layers.areas;
    return areas && areas.ready ? areas.data.names[layer.data.area[i]] : "";
  }

  function hover(layer, event) {
    const i = layer.sheet.hit;
    const view = state.view;
    const entry = view.entries.find((one) => one.code === layer.codes[i]);
    if (!entry) return hide();
    const box = document.createElement("div");
    const name = document.createElement("strong");
    const meaning = document.createElement("div");
    name.textContent = nameOf(layer, i);
    meaning.textContent = entry.label;
    box.append(name, meaning);
    if (!state.tip) state.tip = L.tooltip({ className: "ib-tip", permanent: true, offset: [14, 0], direction: "right" });
    state.tip.options.direction = event.containerPoint.x > state.map.getSize().x / 2 ? "left" : "right";
    state.tip.options.offset = L.point(state.tip.options.direction === "left" ? -14 : 14, 0);
    state.tip.setContent(box).setLatLng(event.latlng);
    if (!state.map.hasLayer(state.tip)) state.tip.addTo(state.map);
  }

  function hide() {
    if (state.tip) state.tip.remove();
  }

  function picked(layer, i, event) {
    if (event) L.DomEvent.stopPropagation(event);
    state.clicks = (state.clicks || 0) + 1;
    IB.picked = { layer: layer, i: i, t: Date.now() * 100 + (state.clicks % 100) };
    if (window.Streamlit) window.Streamlit.setComponentValue({ ib_click: IB.picked });
  }

  /* ---- places --------------------------------------------------------------------------------- */

  function placeIcon(kind, counts, view) {
    const sign = document.createElement("span");
    sign.textContent = view.words.signs[kind] || "";
    return L.divIcon({
      className: "ib-place ib-kind-" + kind + (counts ? "" : " ib-place-pale"), html: sign, iconSize: [22, 22],
    });
  }

  function drawPlaces(layer, view) {
    const data = layer.data;
    const key = view.places + view.words.language;
    if (layer.key === key) return;
    if (!layer.items.length) {
      layer.items = data.ids.map((id, i) => {
        const point = spot(data, data.shapes[i]);
        const marker = L.marker(point, { keyboard: false, riseOnHover: true });
        marker.on("mouseover", () => placeTip(layer, i, point));
        marker.on("mouseout", hide);
        marker.on("click", (event) => { placeTip(layer, i, point); picked("places", i, event); });
        return marker;
      });
      layer.group = cluster();
    }
    layer.group.clearLayers();
    layer.items.forEach((marker, i) => {
      marker.ibCounts = view.places[i] !== "0";
      marker.options.opacity = 1;
      marker.options.zIndexOffset = marker.ibCounts ? 500 : 0;
      marker.options.icon = placeIcon(data.kind[i], marker.ibCounts, view);
    });
    layer.group.addLayers ? layer.group.addLayers(layer.items) : layer.items.forEach((m) => layer.group.addLayer(m));
    layer.group.addTo(state.map);
    layer.key = key;
  }

  function cluster() {
    if (!L.markerClusterGroup) return L.layerGroup();
    return L.markerClusterGroup({
      showCoverageOnHover: false, spiderfyOnMaxZoom: true, maxClusterRadius: 34, disableClusteringAtZoom: 16,
      spiderLegPolylineOptions: { weight: 1, color: "#39434c", opacity: 0.6 }, animate: false,
      iconCreateFunction: (group) => {
        const markers = group.getAllChildMarkers();
        const counting = markers.filter((marker) => marker.ibCounts).length;
        const number = document.createElement("span");
        number.textContent = String(counting || markers.length);
        return L.divIcon({
          className: "ib-cluster" + (counting ? "" : " ib-place-pale"), html: number, iconSize: [28, 28],
        });
      },
    });
  }

  function placeTip(layer, i, point) {
    const view = state.view;
    const box = document.createElement("div");
    const name = document.createElement("strong");
    const kind = document.createElement("div");
    name.textContent = layer.data.names[i];
    kind.textContent = view.words.kinds[layer.data.kind[i]] || "";
    box.append(name, kind);
    if (layer.data.outside[i]) {
      const note = document.createElement("div");
      note.className = "ib-tip-note";
      note.textContent = view.words.outside;
      box.append(note);
    }
    if (view.places[i] === "0") {
      const note = document.createElement("div");
      note.className = "ib-tip-note";
      note.textContent = view.words.uncounted;
      box.append(note);
    }
    if (!state.tip) state.tip = L.tooltip({ className: "ib-tip", permanent: true });
    const left = state.map.latLngToContainerPoint(point).x > state.map.getSize().x / 2;
    state.tip.options.direction = left ? "left" : "right";
    state.tip.options.offset = L.point(left ? -14 : 14, 0);
    state.tip.setContent(box).setLatLng(point);
    if (!state.map.hasLayer(state.tip)) state.tip.addTo(state.map);
  }

  /* ---- badges, outline, focus ----------------------------------------------------------------- */

  function drawBadges(view) {
    const key = JSON.stringify(view.badges);
    if (state.badgeKey === key) return;
    state.badgeKey = key;
    if (state.badges) state.badges.remove();
    state.badges = L.layerGroup(view.badges.map((badge, i) => {
      const number = document.createElement("span");
      number.textContent = badge[2];
      const marker = L.marker([badge[0], badge[1]], {
        keyboard: false, zIndexOffset: 2000 - i, icon: L.divIcon({ className: "ib-badge", html: number, iconSize: [24, 24] }),
      });
      marker.on("click", (event) => picked("badges", i, event));
      return marker;
    })).addTo(state.map);
  }

  function drawMark(view) {
    if (state.mark) state.mark.remove();
    state.mark = null;
    const layer = state.layers.areas;
    if (view.mark === null || !layer.data.shapes[view.mark]) return;
    state.mark = sheet("mark", layer, [
      { of: [view.mark], color: "#ffffff", weight: 5 },
      { of: [view.mark], color: "#14181c", weight: 2.4 },
    ]);
  }

  function drawMask(view) {
    /* What lies outside the chosen zone is paled, so that the zone is seen at once. */
    if (state.mask) state.mask.remove();
    state.mask = null;
    const focus = view.focus;
    if (!focus || !focus.layer || focus.layer.indexOf("zones") !== 0) return;
    state.mask = sheet("mask", state.layers[focus.layer], [{
      of: [focus.i], outside: true, fill: "#f4f2ee", fillOpacity: 0.72, color: "#14181c", weight: 2.4,
    }]);
  }

  function focusBox(view) {
    const focus = view.focus;
    if (focus && focus.layer) {
      const box = bounds(state.layers[focus.layer], [focus.i]);
      const places = state.layers.places.data;
      places.shapes.forEach((shape, i) => {
        if (focus.places && focus.places[i] === "1") box.extend(spot(places, shape));
      });
      return box;
    }
    if (focus && focus.code) {
      const box = bounds(state.layers[view.layer], those(view.codes, (code) => code === focus.code));
      return box.isValid() ? box.pad(0.35) : ward();
    }
    return ward();
  }

  function ward() {
    const layer = state.layers.wards;
    return bounds(layer, those(layer.data.asked, (one) => one === 1));
  }

  function fit(view) {
    const key = JSON.stringify([view.focus, view.focus && view.focus.code ? view.codes : "", Boolean(view.axes)]);
    if (state.focus === key) return;
    const first = state.focus === undefined;
    state.focus = key;
    const box = focusBox(view);
    if (!box || !box.isValid()) return;
    state.map.invalidateSize({ animate: false });
    const narrow = state.map.getSize().x < 640;
    const foot = narrow && state.legend ? state.legend.getContainer().offsetHeight + 14 : 14;
    /* A two-way legend is tall: the ward stands beside it. */
    const beside = !narrow && view.axes && state.legend ? state.legend.getContainer().offsetWidth : 14;
    state.map.fitBounds(box, {
      animate: !first, maxZoom: 16, paddingTopLeft: [beside, 14], paddingBottomRight: [14, foot],
    });
  }

  /* ---- legend and controls -------------------------------------------------------------------- */

  function swatch(entry) {
    const box = document.createElement("span");
    box.className = "ib-swatch" + (entry.hatch ? " ib-hatch" : "");
    if (!entry.hatch) box.style.backgroundColor = entry.colour;
    box.setAttribute("aria-hidden", "true");
    return box;
  }

  function legendRows(view) {
    const list = document.createElement("ul");
    list.className = "ib-rows";
    view.entries.filter((entry) => !view.axes || entry.hatch).forEach((entry) => {
      const row = document.createElement("li");
      const words = document.createElement("span");
      words.textContent = entry.label;
      row.append(swatch(entry), words);
      list.append(row);
    });
    return list;
  }

  function signed(view) {
    /* The kinds of place that are on this map, in the order of the words; "" stands for those not counted. */
    const kinds = Object.keys(view.words.signs).filter((kind) => state.layers.places.data.kind.includes(kind));
    return view.places.includes("0") ? kinds.concat("") : kinds;
  }

  function legendSigns(view) {
    /* Folded: the colours answer the question, the signs are looked up. */
    const box = document.createElement("details");
    const title = document.createElement("summary");
    title.textContent = view.words.legend_signs;
    box.className = "ib-signs-box";
    const list = document.createElement("ul");
    list.className = "ib-signs";
    signed(view).forEach((kind) => {
      const row = document.createElement("li");
      const sign = document.createElement("span");
      const words = document.createElement("span");
      sign.className = kind ? "ib-place ib-kind-" + kind : "ib-place ib-place-pale";
      sign.textContent = view.words.signs[kind] || "";
      sign.setAttribute("aria-hidden", "true");
      words.textContent = kind ? view.words.kinds[kind] : view.words.legend_pale;
      row.append(sign, words);
      list.append(row);
    });
    box.append(title, list);
    return box;
  }

  function legendGrid(view) {
    /* Two-way legend: a real table, so that it can be read aloud too. */
    const axes = view.axes;
    const table = document.createElement("table");
    table.className = "ib-grid";
    const cell = (tag, words, className) => {
      const element = document.createElement(tag);
      element.textContent = words;
      if (className) element.className = className;
      return element;
    };
    const caption = cell("caption", axes.up);
    table.append(caption);
    axes.codes.forEach((codes, r) => {
      const row = table.insertRow();
      row.append(cell("th", axes.rows[r]));
      codes.forEach((code) => {
        const entry = view.entries.find((one) => one.code === code);
        const field = row.insertCell();
        field.style.backgroundColor = entry.colour;
        field.title = entry.label;
      });
    });
    const foot = table.insertRow();
    foot.append(cell("th", ""));
    axes.columns.forEach((words) => foot.append(cell("th", words, "ib-column")));
    const right = table.insertRow();
    right.append(cell("th", ""));
    const words = cell("td", axes.right, "ib-axis");
    words.colSpan = 3;
    right.append(words);
    return table;
  }

  function drawLegend(view) {
    const key = JSON.stringify([view.title, view.entries, view.axes, view.words.language, signed(view)]);
    if (state.legendKey === key) return;
    state.legendKey = key;
    if (!state.legend) {
      state.legend = L.control({ position: "bottomleft" });
      state.legend.onAdd = () => {
        const box = L.DomUtil.create("details", "ib-legend");
        box.open = true;
        L.DomEvent.disableClickPropagation(box);
        L.DomEvent.disableScrollPropagation(box);
        return box;
      };
      state.legend.addTo(state.map);
    }
    const box = state.legend.getContainer();
    const title = document.createElement("summary");
    title.textContent = view.title;
    box.replaceChildren(title);
    if (view.axes) box.append(legendGrid(view));
    box.append(legendRows(view));
    if (signed(view).length) box.append(legendSigns(view));
  }

  function drawWords(view) {
    const words = view.words;
    if (state.language === words.language) return;
    state.language = words.language;
    document.documentElement.lang = words.language;
    document.title = words.title;
    if (window.frameElement) window.frameElement.title = words.title;
    state.map.getContainer().setAttribute("aria-label", words.title);
    state.map.getContainer().setAttribute("role", "application");
    if (state.zoom) state.zoom.remove();
    state.zoom = L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(state.map);
    if (state.saver) state.saver.remove();
    state.saver = L.control({ position: "topleft" });
    state.saver.onAdd = () => {
      const button = L.DomUtil.create("button", "ib-save");
      button.type = "button";
      button.textContent = words.save;
      L.DomEvent.disableClickPropagation(button);
      button.addEventListener("click", IB.save);
      return button;
    };
    state.saver.addTo(state.map);
  }

  /* ---- what Python calls ---------------------------------------------------------------------- */

  IB.mount = function (map, config) {
    state.map = map;
    state.base = config.base;
    state.files = config.files;
    state.times.mount = performance.now();
    map.attributionControl.setPrefix("Leaflet");
    /* Leaflet focuses the map when the mouse goes down; the page around the frame must not jump then. */
    const container = map.getContainer();
    container.focus = () => HTMLElement.prototype.focus.call(container, { preventScroll: true });
    state.tiles = Boolean(config.tiles);
    if (state.tiles) {
      container.classList.add("ib-tiles");
      L.tileLayer(config.tiles.url, {
        attribution: config.tiles.credit, crossOrigin: "anonymous", maxNativeZoom: 18, maxZoom: 19, opacity: 0.85,
      }).addTo(map);
    }
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(map.getContainer());
  };

  // The other half of maps.packed: a code, and how often as letters a to j for the digits.
  function unpacked(codes) {
    const count = (letters) => Number(letters.replace(/./g, (letter) => letter.charCodeAt(0) - 97));
    return codes.replace(/(.)([a-j]+)/g, (_, code, letters) => code.repeat(count(letters)));
  }

  IB.view = function (view) {
    view.codes = unpacked(view.codes);
    state.wanted = view;
    const names = ["wards", "areas", view.layer, "streets", "places"];
    if (view.zones) names.push(view.zones);
    if (view.reach) names.push("catchments");
    if (view.focus && view.focus.layer) names.push(view.focus.layer);
    return Promise.all(names.filter((name) => state.files[name]).map(need)).then(() => {
      if (state.wanted === view) show(view);
    });
  };

  function base() {
    if (state.based) return;
    state.based = true;
    drawWards(state.layers.wards);
    drawWater(state.layers.areas);
    drawStreets(state.layers.streets);
    drawOutlines(state.layers.areas);
  }

  function show(view) {
    const before = state.view;
    state.view = view;
    if (before && (before.codes !== view.codes || before.layer !== view.layer)) hide();
    drawWords(view);
    drawLegend(view);
    if (!before) {
      /* First where to, then what: each layer is drawn once. */
      fit(view);
      base();
    }
    if (before && before.layer !== view.layer) state.layers[before.layer].sheet.remove();
    drawColoured(state.layers[view.layer], view);
    Object.values(state.layers).forEach((layer) => {
      if (layer.ready && layer.name.indexOf("zones") === 0) drawZones(layer, layer.name === view.zones);
    });
    drawReach(view);
    drawPlaces(state.layers.places, view);
    drawBadges(view);
    drawMark(view);
    drawMask(view);
    fit(view);
    state.shown += 1;
    state.times.shown = performance.now();
    requestAnimationFrame(() => { state.times.painted = performance.now(); });
  }
})();

/* The atlas' map: geometry is loaded once by URL, a view recolours it by one character a feature.

   Names come from files, so they are written with textContent only. Leaflet (and, for many places, its
   markercluster plugin) must be loaded before. Python calls IB.mount once and IB.view on every change. */
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

  function walk(flat, steps) {
    const points = [];
    let x = 0, y = 0;
    for (let i = 0; i < flat.length; i += 2) {
      x += flat[i];
      y += flat[i + 1];
      points.push([y / steps, x / steps]);
    }
    return points;
  }

  function polygonPoints(parts, steps) {
    return parts.map((rings) => rings.map((ring) => walk(ring, steps)));
  }

  function need(name) {
    if (state.layers[name]) return state.layers[name].loading;
    const layer = (state.layers[name] = { name: name, ready: false, ver: 0, items: [], codes: "" });
    layer.loading = fetch(state.base + state.files[name])
      .then((answer) => {
        if (!answer.ok) throw new Error(name + ": " + answer.status);
        return answer.json();
      })
      .then((data) => {
        layer.data = data;
        layer.ready = true;
        return layer;
      });
    return layer.loading;
  }

  /* ---- canvas --------------------------------------------------------------------------------- */

  const patterns = new Map();

  function hatch(ctx, colour) {
    if (!patterns.has(colour)) {
      const tile = document.createElement("canvas");
      tile.width = tile.height = 7;
      const pen = tile.getContext("2d");
      pen.fillStyle = "#f4f4f4";
      pen.fillRect(0, 0, 7, 7);
      pen.strokeStyle = colour;
      pen.lineWidth = 1.3;
      pen.beginPath();
      [[-7, 7, 7, -7], [0, 7, 7, 0], [0, 14, 14, 0]].forEach((l) => {
        pen.moveTo(l[0], l[1]);
        pen.lineTo(l[2], l[3]);
      });
      pen.stroke();
      patterns.set(colour, tile);
    }
    return ctx.createPattern(patterns.get(colour), "repeat");
  }

  function hatchCanvas() {
    /* Leaflet's canvas with one more option, `hatch`: the fill is a pattern of the fill colour. */
    return L.Canvas.extend({
      _fillStroke: function (ctx, layer) {
        const options = layer.options;
        if (options.fill && options.hatch) {
          ctx.globalAlpha = options.fillOpacity;
          ctx.fillStyle = hatch(ctx, options.fillColor);
          ctx.fill("evenodd");
          const plain = Object.assign({}, options, { fill: false });
          L.Canvas.prototype._fillStroke.call(this, ctx, { options: plain });
          return;
        }
        L.Canvas.prototype._fillStroke.call(this, ctx, layer);
      },
    });
  }

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
    state.Canvas = state.Canvas || hatchCanvas();
    if (!state.canvases[name]) {
      state.canvases[name] = new state.Canvas({ pane: pane(name, clickable), padding: 0.3, tolerance: 2 });
    }
    return state.canvases[name];
  }

  /* ---- layers --------------------------------------------------------------------------------- */

  function drawWards(layer) {
    const data = layer.data;
    data.shapes.forEach((parts, i) => {
      const asked = data.asked[i] === 1;
      L.polygon(polygonPoints(parts, data.steps), {
        renderer: canvas("wards", false), pane: "ib-wards", interactive: false, smoothFactor: 0.5,
        color: asked ? "#3c4650" : "#aab1b8", weight: asked ? 1.6 : 0.8,
        fillColor: asked ? "#ffffff" : "#eceae4", fillOpacity: state.tiles ? 0 : 1,
      }).addTo(state.map);
      if (asked) state.ward = bounds(layer, i);
      else label(walk(data.at[i], data.steps)[0], data.names[i], "ib-ward-name");
    });
  }

  function label(point, words, className) {
    const element = document.createElement("span");
    element.textContent = words;
    return L.marker(point, {
      interactive: false, keyboard: false,
      icon: L.divIcon({ className: className, html: element, iconSize: null }),
    }).addTo(state.map);
  }

  function drawWater(layer) {
    const data = layer.data;
    data.shapes.forEach((parts, i) => {
      if (!data.water[i]) return;
      L.polygon(polygonPoints(parts, data.steps), {
        renderer: canvas("water", false), pane: "ib-water", interactive: false,
        stroke: false, fillColor: "#cfe0ea", fillOpacity: 1,
      }).addTo(state.map);
    });
  }

  function drawStreets(layer) {
    /* White on the classes' colours; grey below them, for land that no class colours. */
    const styles = {
      minor: [{ color: "#b9c0c6", weight: 0.7 }, { color: "#ffffff", weight: 0.7, opacity: 0.5 }],
      major: [{ color: "#8d969e", weight: 1.6 }, { color: "#ffffff", weight: 1.8, opacity: 0.75 }],
      stairs: [null, { color: "#1c242b", weight: 1.4, opacity: 0.8, dashArray: "1.5 2.5" }],
    };
    const data = layer.data;
    data.ids.forEach((id, i) => {
      const parts = data.shapes[i].map((part) => walk(part, data.steps));
      ["ground", "streets"].forEach((name, k) => {
        if (!styles[id][k]) return;
        L.polyline(parts, Object.assign({
          renderer: canvas(name, false), pane: "ib-" + name, interactive: false, smoothFactor: 1,
        }, styles[id][k])).addTo(state.map);
      });
    });
  }

  function drawOutlines(layer) {
    /* Borders of the small areas under the cells' colours: thin, so that the colours speak. */
    const data = layer.data;
    layer.outlines = data.shapes.map((parts) =>
      L.polygon(polygonPoints(parts, data.steps), {
        renderer: canvas("zones", false), pane: "ib-zones", interactive: false,
        fill: false, color: "#39434c", weight: 0.5, opacity: 0.45,
      }).addTo(state.map));
  }

  function drawZones(layer, shown) {
    const data = layer.data;
    if (!layer.group) {
      layer.group = L.layerGroup();
      data.shapes.forEach((parts, i) => {
        L.polygon(polygonPoints(parts, data.steps), {
          renderer: canvas("zones", false), pane: "ib-zones", interactive: false,
          fill: false, color: "#1c242b", weight: 1.8, dashArray: "6 4", opacity: 0.9,
        }).addTo(layer.group);
        const element = document.createElement("span");
        element.textContent = data.names[i];
        layer.group.addLayer(L.marker(walk(data.at[i], data.steps)[0], {
          interactive: false, keyboard: false,
          icon: L.divIcon({ className: "ib-zone-name", html: element, iconSize: null }),
        }));
      });
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
    const data = state.layers.catchments.data;
    state.reach = L.layerGroup();
    view.entries.slice().reverse().forEach((entry) => {
      const parts = [];
      data.shapes.forEach((shape, i) => {
        if (data.code[i] === entry.code && view.places[data.place[i]] !== "0") parts.push(...polygonPoints(shape, data.steps));
      });
      L.polygon(parts, {
        renderer: canvas("cells", true), pane: "ib-cells", interactive: false, smoothFactor: 0.5, fillRule: "nonzero",
        color: entry.colour, weight: 0.7, fillColor: entry.colour, fillOpacity: 1,
      }).addTo(state.reach);
    });
    state.reach.addTo(state.map);
  }

  function bounds(layer, i) {
    const box = L.latLngBounds([]);
    polygonPoints(layer.data.shapes[i], layer.data.steps).forEach((rings) =>
      (rings[0] || []).forEach((point) => box.extend(point)));
    return box;
  }

  /* ---- the coloured layer --------------------------------------------------------------------- */

  function style(view, code) {
    const entry = view.entries.find((one) => one.code === code);
    if (!entry) return { fill: false, stroke: false };
    const border = view.layer === "areas" ? { color: "#ffffff", weight: 0.8 } : { color: entry.colour, weight: 0.7 };
    return Object.assign({ fill: true, fillColor: entry.colour, fillOpacity: 1, hatch: entry.hatch, stroke: true },
      entry.hatch && view.layer === "cells" ? { color: "#f4f4f4", weight: 0.3 } : border);
  }

  function drawColoured(layer, view) {
    const data = layer.data;
    const styles = {};
    const look = (code) => styles[code] || (styles[code] = style(view, code));
    const fresh = JSON.stringify(view.entries) !== layer.entries;
    if (!layer.items.length) {
      const options = { renderer: canvas(layer.name, true), pane: "ib-" + layer.name, smoothFactor: 0.4 };
      layer.items = data.shapes.map((parts, i) => {
        const item = L.polygon(polygonPoints(parts, data.steps), Object.assign({}, options, look(view.codes[i])));
        item.ib = i;
        return item;
      });
      layer.group = L.featureGroup(layer.items).addTo(state.map);
      layer.group.on("mousemove", (event) => hover(layer, event));
      layer.group.on("mouseout", () => hide());
      layer.group.on("click", (event) => picked(layer.name, event.layer.ib, event));
    } else {
      layer.items.forEach((item, i) => {
        if (fresh || layer.codes[i] !== view.codes[i]) item.setStyle(look(view.codes[i]));
      });
    }
    layer.codes = view.codes;
    layer.entries = JSON.stringify(view.entries);
    layer.ver += 1;
  }

  function nameOf(layer, i) {
    if (layer.data.names) return layer.data.names[i];
    const areas = state.layers.areas;
    return areas && areas.ready ? areas.data.names[layer.data.area[i]] : "";
  }

  function hover(layer, event) {
    const i = event.layer.ib;
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
        const point = walk(data.shapes[i], data.steps)[0];
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
    layer.ver += 1;
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
    const points = polygonPoints(layer.data.shapes[view.mark], layer.data.steps);
    const options = { renderer: canvas("mark", false), pane: "ib-mark", interactive: false, fill: false };
    state.mark = L.layerGroup([
      L.polygon(points, Object.assign({ color: "#ffffff", weight: 5 }, options)),
      L.polygon(points, Object.assign({ color: "#14181c", weight: 2.4 }, options)),
    ]).addTo(state.map);
  }

  function drawMask(view) {
    /* What lies outside the chosen zone is paled, so that the zone is seen at once. */
    if (state.mask) state.mask.remove();
    state.mask = null;
    const focus = view.focus;
    if (!focus || !focus.layer || focus.layer.indexOf("zones") !== 0) return;
    const layer = state.layers[focus.layer];
    const holes = polygonPoints(layer.data.shapes[focus.i], layer.data.steps).map((rings) => rings[0]);
    const world = [[-85, -179], [-85, 179], [85, 179], [85, -179]];
    state.mask = L.polygon([world, ...holes], {
      renderer: canvas("mask", false), pane: "ib-mask", interactive: false,
      fillColor: "#f4f2ee", fillOpacity: 0.72, color: "#14181c", weight: 2.4,
    }).addTo(state.map);
  }

  function focusBox(view) {
    const focus = view.focus;
    if (focus && focus.layer) {
      const box = L.latLngBounds([]).extend(bounds(state.layers[focus.layer], focus.i));
      const places = state.layers.places.data;
      places.shapes.forEach((shape, i) => {
        if (focus.places && focus.places[i] === "1") box.extend(walk(shape, places.steps)[0]);
      });
      return box;
    }
    if (focus && focus.code) {
      const layer = state.layers[view.layer];
      const box = L.latLngBounds([]);
      layer.data.shapes.forEach((shape, i) => {
        if (view.codes[i] === focus.code) box.extend(bounds(layer, i));
      });
      return box.isValid() ? box.pad(0.35) : state.ward;
    }
    return state.ward;
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
      base();
      fit(view);
    }
    if (before && before.layer !== view.layer && state.layers[before.layer].group) {
      state.layers[before.layer].group.remove();
    }
    drawColoured(state.layers[view.layer], view);
    state.layers[view.layer].group.addTo(state.map);
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

/* A layer's shapes as one path of Leaflet: thousands of cells are drawn, coloured and found under the mouse without
   an object for each of them.

   Coordinates are kept in the unit square of the Web Mercator projection, so that a zoom multiplies them only. */
(function () {
  "use strict";

  const IB = (window.IB = window.IB || {});
  const NEAR = 0.3, SMALL = 1; /* pixels */

  function rings(data, i) {
    if (data.type === "polygon") return data.shapes[i].flat();
    return data.type === "line" ? data.shapes[i] : [data.shapes[i]];
  }

  /* Rings of feature i: first[i] to first[i + 1]; points of ring r: starts[r] to starts[r + 1] in pairs of xy. */
  IB.shape = function (data) {
    const all = data.shapes.map((_, i) => rings(data, i));
    const count = all.reduce((sum, one) => sum + one.length, 0);
    const size = all.reduce((sum, one) => one.reduce((more, flat) => more + flat.length, sum), 0);
    const shape = {
      count: all.length, closed: data.type === "polygon", first: new Int32Array(all.length + 1),
      starts: new Int32Array(count + 1), boxes: new Float64Array(4 * count), xy: new Float64Array(size),
    };
    let ring = 0, at = 0;
    all.forEach((one, i) => {
      one.forEach((flat) => {
        at = project(flat, data.steps, shape, ring, at);
        ring += 1;
        shape.starts[ring] = at;
      });
      shape.first[i + 1] = ring;
    });
    return shape;
  };

  function project(flat, steps, shape, ring, at) {
    /* The first pair is absolute, the others are differences. */
    let lng = 0, lat = 0, west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
    for (let i = 0; i < flat.length; i += 2) {
      lng += flat[i];
      lat += flat[i + 1];
      const x = lng / steps / 360 + 0.5;
      const y = 0.5 - Math.log(Math.tan(Math.PI / 4 + (lat / steps) * Math.PI / 360)) / (2 * Math.PI);
      shape.xy[at] = x;
      shape.xy[at + 1] = y;
      at += 2;
      if (x < west) west = x;
      if (x > east) east = x;
      if (y < north) north = y;
      if (y > south) south = y;
    }
    shape.boxes.set([west, north, east, south], 4 * ring);
    return at;
  }

  /* North-west and south-east of a feature, or of all; null where there is none. */
  IB.bounds = function (shape, i) {
    const from = i === undefined ? 0 : shape.first[i], to = i === undefined ? shape.starts.length - 1 : shape.first[i + 1];
    let west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
    for (let r = from; r < to; r += 1) {
      west = Math.min(west, shape.boxes[4 * r]);
      north = Math.min(north, shape.boxes[4 * r + 1]);
      east = Math.max(east, shape.boxes[4 * r + 2]);
      south = Math.max(south, shape.boxes[4 * r + 3]);
    }
    return from === to ? null : [west, north, east, south];
  };

  IB.point = (x, y) => L.CRS.EPSG3857.pointToLatLng(L.point(256 * x, 256 * y), 0);

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

  function paint(ctx, look) {
    if (look.fill) {
      ctx.globalAlpha = look.fillOpacity === undefined ? 1 : look.fillOpacity;
      ctx.fillStyle = look.hatch ? hatch(ctx, look.fill) : look.fill;
      ctx.fill(look.fillRule || "evenodd");
    }
    if (look.color) {
      ctx.globalAlpha = look.opacity === undefined ? 1 : look.opacity;
      ctx.lineWidth = look.weight;
      ctx.strokeStyle = look.color;
      ctx.lineCap = ctx.lineJoin = "round";
      ctx.setLineDash(look.dash || []);
      ctx.stroke();
    }
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
  }

  /* A pass is some features and their look: {of: [i, …], fill, fillOpacity, hatch, color, weight, opacity, dash}.
     Without `of` it is all of them; with `outside` what lies around them. */
  IB.sheet = function (shape, passes, options) {
    const Sheet = (IB.Sheet = IB.Sheet || L.Path.extend({
      initialize: function (shape, passes, options) {
        L.setOptions(this, Object.assign({ weight: 3 }, options));
        this.shape = shape;
        this.passes = passes;
        this.count = shape.count;
        this.hit = -1;
      },

      recolour: function (passes) {
        this.passes = passes;
        return this.redraw();
      },

      getBounds: function (i) {
        const box = IB.bounds(this.shape, i);
        return box ? L.latLngBounds(IB.point(box[0], box[1]), IB.point(box[2], box[3])) : L.latLngBounds([]);
      },

      _project: function () {
        /* Kept until Leaflet asks anew: while a zoom is on its way, the canvas is still the one before. */
        const origin = this._map.getPixelOrigin(), box = IB.bounds(this.shape);
        const at = (this._at = { scale: this._map.options.crs.scale(this._map.getZoom()), x: origin.x, y: origin.y });
        const outside = this.passes.some((pass) => pass.outside);
        this._pxBounds = outside || !box ? L.bounds([[-1e9, -1e9], [1e9, 1e9]]) : L.bounds(
          [box[0] * at.scale - at.x, box[1] * at.scale - at.y], [box[2] * at.scale - at.x, box[3] * at.scale - at.y]);
      },

      _update: function () {},

      _updatePath: function () {
        const canvas = this._renderer;
        if (!canvas._drawing) return;
        const ctx = canvas._ctx, frame = canvas._redrawBounds || canvas._bounds;
        this.passes.forEach((pass) => {
          ctx.beginPath();
          if (pass.outside) {
            const size = canvas._bounds.getSize();
            ctx.rect(canvas._bounds.min.x, canvas._bounds.min.y, size.x, size.y);
          }
          this._trace(ctx, pass, frame);
          paint(ctx, pass);
        });
      },

      _trace: function (ctx, pass, frame) {
        const at = this._at, more = (pass.weight || 0) + 1;
        const seen = [
          (frame.min.x - more + at.x) / at.scale, (frame.min.y - more + at.y) / at.scale,
          (frame.max.x + more + at.x) / at.scale, (frame.max.y + more + at.y) / at.scale,
        ];
        const first = this.shape.first;
        if (!pass.of) return trace(ctx, this.shape, 0, first[this.count], seen, at);
        pass.of.forEach((i) => trace(ctx, this.shape, first[i], first[i + 1], seen, at));
      },

      _containsPoint: function (point) {
        const at = this._at;
        this.hit = found(this.shape, (point.x + at.x) / at.scale, (point.y + at.y) / at.scale);
        return this.hit >= 0;
      },
    }));
    return new Sheet(shape, passes, options);
  };

  function trace(ctx, shape, from, to, seen, at) {
    const { boxes, starts, xy, closed } = shape;
    for (let r = from; r < to; r += 1) {
      const b = 4 * r;
      if (boxes[b] > seen[2] || boxes[b + 2] < seen[0] || boxes[b + 1] > seen[3] || boxes[b + 3] < seen[1]) continue;
      const width = (boxes[b + 2] - boxes[b]) * at.scale, height = (boxes[b + 3] - boxes[b + 1]) * at.scale;
      if (width < SMALL && height < SMALL) {
        ctx.rect(boxes[b] * at.scale - at.x, boxes[b + 1] * at.scale - at.y, width, height);
        continue;
      }
      const end = starts[r + 1];
      let x = xy[starts[r]] * at.scale - at.x, y = xy[starts[r] + 1] * at.scale - at.y;
      ctx.moveTo(x, y);
      for (let k = starts[r] + 2; k < end; k += 2) {
        const u = xy[k] * at.scale - at.x, v = xy[k + 1] * at.scale - at.y;
        /* Corners that nobody sees are left out; a line's last one stays. */
        if (Math.abs(u - x) + Math.abs(v - y) < NEAR && (closed || k < end - 2)) continue;
        ctx.lineTo(u, v);
        x = u;
        y = v;
      }
      /* Not closePath: Chromium then measures the whole path so far, once a ring. */
      if (closed) ctx.lineTo(xy[starts[r]] * at.scale - at.x, xy[starts[r] + 1] * at.scale - at.y);
    }
  }

  /* The feature under a point of the unit square; of several the last, which is drawn above the others; -1 for none. */
  function found(shape, x, y) {
    const { boxes, first } = shape;
    for (let i = shape.count - 1; i >= 0; i -= 1) {
      let inside = false;
      for (let r = first[i]; r < first[i + 1]; r += 1) {
        const b = 4 * r;
        if (x < boxes[b] || x > boxes[b + 2] || y < boxes[b + 1] || y > boxes[b + 3]) continue;
        if (within(shape, r, x, y)) inside = !inside;
      }
      if (inside) return i;
    }
    return -1;
  }

  function within(shape, ring, x, y) {
    const { starts, xy } = shape;
    let inside = false;
    for (let k = starts[ring], j = starts[ring + 1] - 2; k < starts[ring + 1]; j = k, k += 2) {
      if (xy[k + 1] > y !== xy[j + 1] > y && x < ((xy[j] - xy[k]) * (y - xy[k + 1])) / (xy[j + 1] - xy[k + 1]) + xy[k]) {
        inside = !inside;
      }
    }
    return inside;
  }
})();

/* The map as a picture file: what is on the screen, with its title, legend and sources written below it.

   Everything is drawn again on one canvas by hand, so that no foreign code and no server is needed. */
(function () {
  "use strict";

  const IB = (window.IB = window.IB || {});
  const MARGIN = 16, LINE = 22, COLUMN = 300;

  function canvases(pen, map, at) {
    const panes = [...map.getPanes().mapPane.querySelectorAll("img.leaflet-tile, canvas")];
    const level = (element) => Number(getComputedStyle(element.closest(".leaflet-pane:not(.leaflet-map-pane)")).zIndex) || 0;
    panes.sort((a, b) => level(a) - level(b)).forEach((element) => {
      const box = element.getBoundingClientRect();
      const pane = element.closest(".leaflet-pane:not(.leaflet-map-pane)");
      pen.globalAlpha = Number(getComputedStyle(pane).opacity);
      if (box.width) pen.drawImage(element, box.left - at.left, box.top - at.top, box.width, box.height);
    });
    pen.globalAlpha = 1;
  }

  function signs(pen, map, at) {
    const icons = [...map.getPanes().markerPane.querySelectorAll(".leaflet-marker-icon")];
    icons.sort((a, b) => Number(a.style.zIndex) - Number(b.style.zIndex)).forEach((icon) => {
      const look = getComputedStyle(icon);
      const box = icon.getBoundingClientRect();
      const x = box.left - at.left, y = box.top - at.top;
      const words = icon.textContent;
      if (icon.className.includes("-name")) return name(pen, icon, at, words);
      pen.beginPath();
      pen.roundRect(x, y, box.width, box.height, look.borderRadius === "50%" ? box.width / 2 : 4);
      pen.fillStyle = look.backgroundColor;
      pen.fill();
      pen.lineWidth = parseFloat(look.borderTopWidth) || 0;
      pen.strokeStyle = look.borderTopColor;
      if (pen.lineWidth) pen.stroke();
      write(pen, words, x + box.width / 2, y + box.height / 2, look, "center");
    });
  }

  function name(pen, icon, at, words) {
    const span = icon.firstElementChild || icon;
    const box = span.getBoundingClientRect();
    pen.lineWidth = 3;
    pen.strokeStyle = "#ffffff";
    const look = getComputedStyle(span);
    pen.font = `${look.fontWeight} ${look.fontSize} ${look.fontFamily}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.strokeText(words, box.left + box.width / 2 - at.left, box.top + box.height / 2 - at.top);
    write(pen, words, box.left + box.width / 2 - at.left, box.top + box.height / 2 - at.top, look, "center");
  }

  function write(pen, words, x, y, look, align) {
    pen.font = `${look.fontWeight} ${look.fontSize} ${look.fontFamily}`;
    pen.textAlign = align;
    pen.textBaseline = "middle";
    pen.fillStyle = look.color;
    pen.fillText(words, x, y);
  }

  function scale(pen, map, at) {
    const line = map.getContainer().querySelector(".leaflet-control-scale-line");
    if (!line) return;
    const box = line.getBoundingClientRect(), x = box.left - at.left, y = box.top - at.top;
    pen.fillStyle = "rgba(255, 255, 255, .85)";
    pen.fillRect(x, y, box.width, box.height);
    pen.strokeStyle = "#1c242b";
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(x, y);
    pen.lineTo(x, y + box.height);
    pen.lineTo(x + box.width, y + box.height);
    pen.lineTo(x + box.width, y);
    pen.stroke();
    write(pen, line.textContent, x + 4, y + box.height / 2, getComputedStyle(line), "left");
  }

  function rows(view, width) {
    const columns = Math.max(1, Math.floor((width - 2 * MARGIN) / COLUMN));
    return { columns: columns, count: Math.ceil(view.entries.length / columns) };
  }

  function foot(pen, view, width, top) {
    const look = { fontWeight: "700", fontSize: "15px", fontFamily: getComputedStyle(IB.state.map.getContainer()).fontFamily, color: "#1c242b" };
    write(pen, view.title, MARGIN, top + MARGIN, look, "left");
    const plain = Object.assign({}, look, { fontWeight: "400", fontSize: "13px" });
    const grid = rows(view, width);
    view.entries.forEach((entry, i) => {
      const x = MARGIN + (i % grid.columns) * COLUMN, y = top + MARGIN + LINE * (1 + Math.floor(i / grid.columns));
      pen.fillStyle = entry.colour;
      pen.fillRect(x, y - 7, 22, 14);
      pen.lineWidth = 1;
      pen.strokeStyle = "#5b646c";
      pen.strokeRect(x, y - 7, 22, 14);
      if (entry.hatch) {
        pen.beginPath();
        [4, 11, 18].forEach((step) => { pen.moveTo(x + step - 4, y + 7); pen.lineTo(x + step + 4, y - 7); });
        pen.stroke();
      }
      write(pen, entry.label, x + 30, y, plain, "left");
    });
    const small = Object.assign({}, plain, { fontSize: "12px", color: "#39434c" });
    pen.font = `${small.fontWeight} ${small.fontSize} ${small.fontFamily}`;
    wrapped(pen, view.words.source, width - 2 * MARGIN).forEach((words, i) =>
      write(pen, words, MARGIN, top + MARGIN + LINE * (1.2 + grid.count + 0.85 * i), small, "left"));
  }

  function wrapped(pen, words, width) {
    /* Two lines at most: between words where there are spaces, else between characters. */
    if (pen.measureText(words).width <= width) return [words];
    let end = words.length;
    while (pen.measureText(words.slice(0, end)).width > width) end -= 1;
    const space = words.lastIndexOf(" ", end);
    if (space > end - 12) end = space;
    return [words.slice(0, end), words.slice(end).trim()];
  }

  IB.picture = function () {
    const map = IB.state.map, view = IB.state.view, size = map.getSize(), at = map.getContainer().getBoundingClientRect();
    const paper = document.createElement("canvas"), ratio = Math.max(2, window.devicePixelRatio || 1);
    const height = size.y + 2 * MARGIN + LINE * (2.6 + rows(view, size.x).count);
    paper.width = size.x * ratio;
    paper.height = height * ratio;
    const pen = paper.getContext("2d");
    pen.scale(ratio, ratio);
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, size.x, height);
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, size.x, size.y);
    pen.clip();
    pen.fillStyle = getComputedStyle(map.getContainer()).backgroundColor;
    pen.fillRect(0, 0, size.x, size.y);
    canvases(pen, map, at);
    signs(pen, map, at);
    scale(pen, map, at);
    pen.restore();
    foot(pen, view, size.x, size.y);
    return paper;
  };

  IB.save = function () {
    const link = document.createElement("a");
    link.href = IB.picture().toDataURL("image/png");
    link.download = IB.state.view.words.file + ".png";
    link.click();
  };
})();

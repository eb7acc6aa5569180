/** Draws every [data-chart] from the JSON block that it names. The table behind each chart is HTML and needs none of this. */
"use strict";

(() => {
  const css = getComputedStyle(document.documentElement);
  const colour = (name) => css.getPropertyValue(name).trim();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  // The accent first; the others differ in lightness as well as hue, so that they can be told apart in grey.
  const PALETTE = [colour("--nc-accent"), "#e08a1e", "#2f9e7e", "#8c5fc7", "#7d8591"];
  const SCALES = document.documentElement.lang === "en" ? [["B", 1e9], ["M", 1e6], ["K", 1e3]] : [["亿", 1e8], ["万", 1e4]];
  const figure = (value) => Number(value).toLocaleString("zh-CN", { maximumFractionDigits: 4 });
  const short = (value) => {
    const size = Math.abs(value);
    const [unit, one] = SCALES.find(([, least]) => size >= least) ?? ["", 1];
    if (unit) return `${+(value / one).toFixed(size / one < 100 ? 2 : 1)}${unit}`;
    return String(+Number(value).toFixed(4));
  };

  const base = () => ({
    animation: !calm,
    color: PALETTE,
    textStyle: { fontFamily: colour("--nc-font"), color: colour("--nc-ink-2") },
    // drawn, not HTML: a tooltip's inline styles would be refused by the content security policy
    tooltip: { renderMode: "richText", trigger: "axis", valueFormatter: figure, borderColor: colour("--nc-line") },
  });

  function axes(data, unit, kind) {
    const many = data.series.length > 1;
    return {
      ...base(),
      grid: { left: 8, right: 16, top: 36, bottom: 4, containLabel: true },
      legend: many ? { top: 0, right: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8 } : undefined,
      xAxis: { type: "category", data: data.x, boundaryGap: kind === "bar", axisTick: { show: false }, axisLine: { lineStyle: { color: colour("--nc-line-strong") } } },
      yAxis: { type: "value", name: unit, nameTextStyle: { align: "left", color: colour("--nc-ink-3") }, min: kind === "bar" ? (range) => Math.min(0, range.min) : undefined, axisLabel: { formatter: short, color: colour("--nc-ink-3") }, splitLine: { lineStyle: { color: colour("--nc-line") } } },
      series: data.series.slice(0, 5).map((one) => ({
        type: kind, name: one.name, data: one.values.map((v) => (v === null ? null : Number(v))),
        barMaxWidth: 36, symbol: "circle", symbolSize: 5, showSymbol: data.x.length < 32, lineStyle: { width: 2 },
        itemStyle: kind === "bar" ? { borderRadius: [3, 3, 0, 0] } : {}, connectNulls: false,
      })),
    };
  }

  function ring(data, unit) {
    const rows = data.x.map((name, i) => ({ name, value: Number(data.series[0].values[i]) }));
    return {
      ...base(),
      tooltip: { ...base().tooltip, trigger: "item", valueFormatter: (v) => `${figure(v)} ${unit}` },
      legend: { bottom: 0, icon: "circle", itemWidth: 8, itemHeight: 8, formatter: (name) => `${name} ${figure(rows.find((row) => row.name === name).value)} ${unit}` },
      series: [{ type: "pie", center: ["50%", "44%"], radius: ["50%", "74%"], data: rows, label: { show: false }, itemStyle: { borderColor: "#fff", borderWidth: 2 } }],
    };
  }

  function map(data, unit) {
    const most = Math.max(1, ...data.points.map((p) => Number(p.value)));
    return {
      ...base(),
      tooltip: { ...base().tooltip, trigger: "item", formatter: (at) => (at.value ? `${at.name}\n${figure(at.value[2])} ${unit}` : at.name) },
      geo: { map: "china", roam: false, layoutCenter: ["50%", "52%"], layoutSize: "112%", itemStyle: { areaColor: "#e9edf2", borderColor: "#fff" }, emphasis: { disabled: true }, silent: true },
      series: [{ type: "scatter", coordinateSystem: "geo", data: data.points.map((p) => ({ name: p.name, value: [p.lon, p.lat, Number(p.value)] })), symbolSize: (v) => 6 + 18 * Math.sqrt(Math.max(0, v[2]) / most), label: { show: true, formatter: "{b}", position: "right", color: colour("--nc-ink-2") } }],
    };
  }

  async function draw(place) {
    if (place.dataset.drawn) return;
    place.dataset.drawn = "1";
    const kind = place.dataset.chart;
    const unit = place.dataset.chartUnit || "";
    const data = JSON.parse(document.getElementById(place.dataset.chartSource).textContent);
    if (kind === "map" && !echarts.getMap("china")) {
      const answer = await fetch(document.querySelector("[data-china]").dataset.china);
      echarts.registerMap("china", await answer.json());
    }
    const chart = echarts.init(place, null, { renderer: "canvas" });
    chart.setOption(kind === "pie" ? ring(data, unit) : kind === "map" ? map(data, unit) : axes(data, unit, kind));
    // A place that is hidden for a moment has no width, and a map cannot be drawn on none.
    new ResizeObserver(() => { if (place.clientWidth && place.clientHeight) chart.resize(); }).observe(place);
  }

  const all = () => {
    for (const place of document.querySelectorAll("[data-chart]")) {
      draw(place).catch(() => { place.hidden = true; place.parentElement.querySelector("details").open = true; });
    }
  };
  all();
  document.addEventListener("htmx:afterSwap", all);
})();

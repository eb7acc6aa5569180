/**
 * Copies what the pages use from node_modules into platform/ncmatch/static/vendor/ (ignored by git).
 *
 * - tabler.css   Tabler without the families that no page of ours uses (635 kB → about 210 kB)
 * - icons.svg    one sprite of the icons named in deploy/icons.txt
 * - china.svg    the country's outline, drawn here so that the map on the home page needs no script;
 *                all regions and the 南海诸岛 inset are kept whole
 * - china.json   the same map for ECharts
 *
 * Run by `make setup`; safe to repeat.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import postcss from "postcss";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, "node_modules");
const out = join(root, "platform/ncmatch/static/vendor");

const COPIES = {
  "@alpinejs/csp/dist/cdn.min.js": "alpine.js",
  "echarts/dist/echarts.min.js": "echarts.js",
  "echarts-v4-map/map/json/china.json": "china.json",
  "axe-core/axe.min.js": "axe.js",
};

// A rule stays when each of its selectors begins with one of these families, or with an element.
const KEPT = new Set(`
  alert align avatar badge bg border bottom breadcrumb btn card col container d end flex focus form fs fw g gap gx gy h hr
  img input invalid is justify kbd lead lh link m mb me min ms mt mx my max nav opacity order overflow p page pagination pb pe
  placeholder position progress ps pt px py rounded row small spinner start sticky strong subheader table text top user valid
  visually w was disabled active cursor z
`.trim().split(/\s+/));
// Decorative variants; a distributor's one accent and the four meanings stand in our own sheet.
const DROPPED = new RegExp(
  "\\.(theme-|hide-theme|img-(dark|light)|navbar|ribbon|card-(rotate|stamp|stacked|cover)|" +
  "(bg|text|btn|border|link|table|list-group-item|alert|badge|status|btn-outline|btn-ghost|text-bg|divide|icon|focus-ring|link-offset|form-(colorinput|imagecheck|colorpicker))-" +
  "(blue|azure|indigo|purple|pink|orange|yellow|lime|teal|cyan|dark|light|muted|x|facebook|twitter|linkedin|google|youtube|vimeo|dribbble|github|instagram|pinterest|vk|rss|flickr|bitbucket|tabler|gray|red|green|info|primary-subtle|gradient|pattern))" +
  "|-xxl|form-(floating|imagecheck|range|fieldset|color)|table-mobile|card-(gradient|group|img|tabs)|link-underline|row-cols|page-cover|table-sort|btn-(close|check|animate|floating)" +
  "|data-bs-theme|data-theme|theme-dark|data-vc|\\.vc-|\\.ts-|\\.noUi|\\.apexcharts|\\.litepicker|\\.jvm|\\.dropzone|\\.fslightbox|\\.plyr|\\.sl-|\\.hugerte|\\.tox|\\.fc-",
);

function kept(selector) {
  if (DROPPED.test(selector)) return /^:root|^:host/.test(selector);
  const first = selector.match(/\.([a-zA-Z]+)/);
  return first === null || KEPT.has(first[1]);
}

function tabler() {
  const sheet = postcss.parse(readFileSync(join(modules, "@tabler/core/dist/css/tabler.min.css"), "utf8"));
  sheet.walkRules((rule) => {
    if (rule.parent.type === "atrule" && /keyframes/.test(rule.parent.name)) return;
    const selectors = rule.selectors.filter(kept);
    if (selectors.length === 0) rule.remove();
    else rule.selectors = selectors;
  });
  sheet.walkComments((comment) => comment.remove());
  sheet.walkAtRules("media", (at) => { if (at.nodes.length === 0) at.remove(); });
  const css = sheet.toString().replace(/\/\*# sourceMappingURL.*?\*\//g, "");
  writeFileSync(join(out, "tabler.css"), `/* Tabler 1.x, MIT licence; shortened by deploy/assets.mjs */\n${css}\n`);
}

function icons() {
  const names = readFileSync(join(root, "deploy/icons.txt"), "utf8").split("\n").map((line) => line.trim()).filter(Boolean);
  const symbols = names.map((name) => {
    const [kind, file] = name.startsWith("filled/") ? ["filled", name.slice(7)] : ["outline", name];
    const svg = readFileSync(join(modules, "@tabler/icons/icons", kind, `${file}.svg`), "utf8");
    const body = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"))
      .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "").replace(/\s*\n\s*/g, "");
    const paint = kind === "filled"
      ? 'fill="currentColor"'
      : 'fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"';
    return `<symbol id="${name.replace("/", "-")}" viewBox="0 0 24 24" ${paint}>${body}</symbol>`;
  });
  writeFileSync(join(out, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg"><!-- Tabler Icons, MIT licence -->${symbols.join("\n")}</svg>\n`);
}

/** The old ECharts map files keep each ring as zig-zag coded steps of 1/1024 degree. */
function ring(coded, [x, y]) {
  const points = [];
  for (let i = 0; i < coded.length; i += 2) {
    const step = (n) => { const code = coded.charCodeAt(n) - 64; return (code >> 1) ^ -(code & 1); };
    x += step(i);
    y += step(i + 1);
    points.push([x / 1024, y / 1024]);
  }
  return points;
}

/** Leaves out points that lie within `slack` of the line between their neighbours (Douglas–Peucker). */
function lean(points, slack) {
  if (points.length < 3) return points;
  const [ax, ay] = points[0], [bx, by] = points.at(-1);
  const length = Math.hypot(bx - ax, by - ay);
  let far = 0, at = 0;
  points.forEach(([x, y], i) => {
    const off = length === 0 ? Math.hypot(x - ax, y - ay) : Math.abs((bx - ax) * (ay - y) - (ax - x) * (by - ay)) / length;
    if (off > far) [far, at] = [off, i];
  });
  if (far <= slack) return [points[0], points.at(-1)];
  return [...lean(points.slice(0, at + 1), slack).slice(0, -1), ...lean(points.slice(at), slack)];
}

function china() {
  const map = JSON.parse(readFileSync(join(modules, "echarts-v4-map/map/json/china.json"), "utf8"));
  const place = ([lon, lat]) => [(lon - 73) * 10, (54 - lat) * 12.5]; // shared with ncmatch.geo
  const paths = map.features.map((feature) => {
    const { type, coordinates, encodeOffsets } = feature.geometry;
    const polygons = type === "Polygon" ? [coordinates] : coordinates;
    const offsets = type === "Polygon" ? [encodeOffsets] : encodeOffsets;
    const d = polygons.flatMap((rings, p) => rings.map((coded, r) => {
      const drawn = ring(coded, offsets[p][r]).map(place);
      const half = Math.ceil(drawn.length / 2); // a closed ring has no two ends: thin it as two lines
      const thin = [...lean(drawn.slice(0, half), 0.45), ...lean(drawn.slice(half), 0.45)];
      return `M${thin.map((at) => at.map((n) => Math.round(n * 2) / 2).join(" ")).join("L")}Z`;
    })).join("");
    return `<path id="${feature.properties.name || feature.id}" d="${d}"/>`;
  });
  for (const file of ["nanhai", "diaoyuIsland"]) { // ECharts draws these itself: the map data does not hold them
    const source = readFileSync(join(modules, `echarts/lib/coord/geo/fix/${file}.js`), "utf8");
    const shapes = JSON.parse(source.match(/var points = (\[\[\[.*?\]\]\]);/s)[1]);
    const there = ([x, y]) => (file === "nanhai" ? [x / 10.5 + 126, y / (-10.5 / 0.75) + 25] : [x, y]);
    const d = shapes.map((shape) => `M${shape.map((at) => place(there(at)).map((n) => Math.round(n * 10) / 10).join(" ")).join("L")}Z`).join("");
    paths.push(file === "nanhai" ? `<path id="南海诸岛" fill="#aeb8c4" stroke="none" d="${d}"/>` : `<path id="钓鱼岛" stroke="none" fill="#aeb8c4" d="${d}"/>`);
  }
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 625 460"><!-- from ECharts 4.9 map data, Apache-2.0 -->` +
    `<g fill="#e9edf2" stroke="#ffffff" stroke-width="1" stroke-linejoin="round">${paths.join("\n")}</g></svg>\n`;
  writeFileSync(join(out, "china.svg"), svg);
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
for (const [from, to] of Object.entries(COPIES)) cpSync(join(modules, from), join(out, to));
tabler();
icons();
china();

// Builds assets/dist: hashed JS, CSS, icons and fonts with manifest.json, and the TTF fonts that PDFs are set in.
import { build } from "esbuild";
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { basename, dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
process.chdir(here);
// Built aside and then renamed: a running server sees the old files or the new ones, never half of them.
const dist = ".dist-new";
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);

const manifest = {};

const result = await build({
  entryPoints: { app: "js/app.js", charts: "js/charts.js", editor: "js/editor.js", styles: "css/app.css" },
  outdir: dist,
  bundle: true,
  splitting: true,
  format: "esm",
  minify: true,
  metafile: true,
  legalComments: "linked",
  target: ["chrome123", "firefox121", "safari17.5"],
  loader: { ".woff2": "file", ".svg": "file" },
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "files/[name]-[hash]",
  logLevel: "warning",
});

const names = { "js/app.js": "app.js", "js/charts.js": "charts.js", "js/editor.js": "editor.js", "css/app.css": "app.css" };
for (const [path, output] of Object.entries(result.metafile.outputs)) {
  const file = relative(dist, path).replaceAll("\\", "/");
  if (output.entryPoint && names[output.entryPoint]) manifest[names[output.entryPoint]] = file;
  // The one font file that every page preloads.
  if (/^files\/source-sans-3-latin-wght-normal-/.test(file)) manifest["source-sans-3-latin.woff2"] = file;
}

// Files that pages name directly.
for (const path of ["icons/favicon.svg"]) {
  const hash = createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 8).toUpperCase();
  const file = `files/${basename(path, extname(path))}-${hash}${extname(path)}`;
  cpSync(path, join(dist, file));
  manifest[basename(path)] = file;
}

// PDF fonts keep their names: Typst reads the folder.
mkdirSync(join(dist, "pdf-fonts"));
for (const [pack, file] of [
  ["noto-sans", "NotoSans"],
  ["noto-sans-arabic", "NotoSansArabic"],
  ["noto-sans-devanagari", "NotoSansDevanagari"],
  ["noto-sans-hebrew", "NotoSansHebrew"],
  ["noto-sans-jp", "NotoSansJP"],
]) {
  const from = `node_modules/@expo-google-fonts/${pack}`;
  for (const weight of ["400Regular", "700Bold"]) {
    cpSync(`${from}/${weight}/${file}_${weight}.ttf`, join(dist, "pdf-fonts", `${file}-${weight.slice(3)}.ttf`));
  }
  cpSync(`${from}/LICENSE_FONT`, join(dist, "pdf-fonts", `${file}-LICENSE.txt`));
}
for (const pack of ["source-sans-3", "noto-sans-arabic"]) {
  cpSync(`node_modules/@fontsource-variable/${pack}/LICENSE`, join(dist, "files", `${pack}-LICENSE.txt`));
}

// What mail clients support (caniemail.com, MIT), reduced to the newest answer of each client: read by `kit check`.
const { data: features, nicenames, last_update_date: date } = JSON.parse(
  readFileSync("node_modules/caniemail/data/caniemail.json", "utf8"),
);
// A platform's answers are named by year or month and, after it began to count, by version: those are the newer ones.
const age = (name) => name.match(/\d+/g).map(Number).map((number, at) => (at || number > 1900 ? number : number + 1e6));
const older = (one, other) => {
  const [a, b] = [age(one), age(other)];
  const at = a.findIndex((number, index) => number !== b[index]);
  return at < 0 ? -1 : a[at] - (b[at] ?? -1);
};
const newest = (answers) => answers[Object.keys(answers).sort(older).at(-1)][0];
const support = {};
for (const { slug, title, category, stats } of features) {
  if (category === "others") continue;
  const clients = Object.entries(stats).map(([family, platforms]) => [
    family,
    Object.fromEntries(Object.entries(platforms).map(([platform, answers]) => [platform, newest(answers)])),
  ]);
  support[slug] = { title, clients: Object.fromEntries(clients) };
}
const labels = { families: nicenames.family, platforms: nicenames.platform };
writeFileSync(join(dist, "caniemail.json"), JSON.stringify({ date, ...labels, features: support }) + "\n");
cpSync("node_modules/caniemail/LICENSE", join(dist, "files", "caniemail-LICENSE.txt"));

writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, Object.keys(manifest).sort(), 2) + "\n");
rmSync("dist", { recursive: true, force: true });
renameSync(dist, "dist");
console.log(`Built ${Object.keys(result.metafile.outputs).length} files into assets/dist`);

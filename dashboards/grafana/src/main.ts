// Writes each page in each language as json/{folder}/{uid}.json, and removes what no page
// writes any more. The same values give the same bytes.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lang, address, render } from './model.js';
import { pages } from './pages.js';

const out = process.argv[2];
if (!out) throw new Error('usage: main.js FOLDER');

const files = new Map<string, string>();
for (const lang of ['vi', 'en'] satisfies Lang[]) {
  for (const page of pages) {
    files.set(join(page.folder[lang], `${address(page.uid, lang)}.json`), JSON.stringify(render(page, pages, lang), null, 2) + '\n');
  }
}
mkdirSync(out, { recursive: true });
for (const folder of readdirSync(out)) rmSync(join(out, folder), { recursive: true });
for (const [file, text] of files) {
  mkdirSync(join(out, file, '..'), { recursive: true });
  writeFileSync(join(out, file), text);
}
console.log(`${files.size} dashboards in ${out}`);

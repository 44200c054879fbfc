// Finding things by what people type: without accents, in any case, by the beginning of words.
import type { Areas, Box } from '../../ui/mapbase'
import { boxOfArea } from '../../ui/mapbase'
import type { Device, Site } from './marks'

export interface Found {
  kind: 'area' | 'site' | 'device' | 'cell' | 'position'
  id: string
  title: string
  at?: [lon: number, lat: number]
  box?: Box
}

/** Letters without accents and case: "Gò Dầu" is "go dau". */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase().trim()
}

/** How well folded text answers what is looked for; 0 is not at all. */
export function score(text: string, wanted: string): number {
  const at = text.indexOf(wanted)
  if (at < 0) return 0
  if (at === 0) return text.length === wanted.length ? 4 : 3
  return /[\s\-_,.]/.test(text[at - 1]!) ? 2 : 1
}

/** What can be found. */
export interface Index {
  readonly entries: { found: Found; texts: string[] }[]
}

/** Folds all names once, so that each letter typed costs little; and only when something is looked for, since devices change all the time. */
export function indexOf(areas: Areas | undefined, sites: readonly Site[], devices: readonly Device[]): Index {
  let entries: Index['entries'] | undefined
  return {
    get entries() {
      return (entries ??= entriesOf(areas, sites, devices))
    },
  }
}

function entriesOf(areas: Areas | undefined, sites: readonly Site[], devices: readonly Device[]): Index['entries'] {
  const entries: Index['entries'] = []
  const add = (found: Found, ...texts: (string | undefined)[]) => entries.push({ found, texts: texts.flatMap((t) => (t ? [fold(t)] : [])) })
  for (const area of areas?.features ?? []) {
    const a = area.properties
    add({ kind: 'area', id: a.code, title: `${a.type} ${a.name}`.trim(), box: boxOfArea(area) }, a.name, `${a.type} ${a.name}`, a.code)
  }
  for (const s of sites) add({ kind: 'site', id: s.id, title: s.name || s.id, at: [s.lon, s.lat] }, s.name, s.id)
  for (const d of devices) {
    if (d.lat !== undefined && d.lon !== undefined) add({ kind: 'device', id: d.id, title: d.name || d.id, at: [d.lon, d.lat] }, d.name, d.id)
  }
  return entries
}

const kindOrder: Found['kind'][] = ['position', 'cell', 'area', 'site', 'device']

/** A cell or a position, where the text is one. */
export function literal(text: string): Found | undefined {
  const cell = text.trim().toLowerCase()
  if (/^88[0-9a-f]{13}$/.test(cell)) return { kind: 'cell', id: cell, title: cell }
  const [, a, b] = /^\s*(-?\d{1,3}(?:\.\d+)?)\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text) ?? []
  const lat = Number(a)
  const lon = Number(b)
  if (a === undefined || Math.abs(lat) > 85 || Math.abs(lon) > 180) return undefined
  return { kind: 'position', id: `${lat},${lon}`, title: `${lat}, ${lon}`, at: [lon, lat] }
}

/** The best answers to what was typed, at most `most`. */
export function search(index: Index, text: string, most = 8): Found[] {
  const exact = literal(text)
  if (exact) return [exact]
  const wanted = fold(text)
  if (wanted === '') return []
  return index.entries
    .map(({ found, texts }) => ({ found, points: Math.max(0, ...texts.map((t) => score(t, wanted))) }))
    .filter((x) => x.points > 0)
    .sort((a, b) => b.points - a.points || kindOrder.indexOf(a.found.kind) - kindOrder.indexOf(b.found.kind) || a.found.title.localeCompare(b.found.title, 'vi'))
    .slice(0, most)
    .map((x) => x.found)
}

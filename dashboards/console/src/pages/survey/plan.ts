// A route sheet as files and in sums. Everything is made in the browser.
import type { Schemas } from '../../api/client'

export type Stop = Schemas['SurveyStop']

export interface Sums {
  stops: number
  tests: number
  residents: number
  /** As the crow flies. */
  km: number
}

export function sumsOf(stops: readonly Stop[]): Sums {
  const sum = (of: (s: Stop) => number) => stops.reduce((n, s) => n + of(s), 0)
  return { stops: stops.length, tests: sum((s) => s.tests), residents: sum((s) => s.residents), km: sum((s) => s.km_from_last) }
}

export const coordinates = (s: Stop): string => `${s.lat.toFixed(6)}, ${s.lon.toFixed(6)}`

/** A link that a phone opens in the map of its owner's choice (RFC 5870). */
export const geoLink = (s: Stop): string => `geo:${s.lat.toFixed(6)},${s.lon.toFixed(6)}?q=${s.lat.toFixed(6)},${s.lon.toFixed(6)}`

/** A field of a CSV; what a spreadsheet would take for a formula begins with an apostrophe. */
export function field(v: string | number): string {
  if (typeof v === 'number') return String(v)
  const text = /^[=+\-@\t\r]/.test(v) ? `'${v}` : v
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Column names are English and stable, as in the reports. */
export function csvOf(stops: readonly Stop[], area: (code: string) => string): string {
  const rows: (string | number)[][] = [['stop', 'cell', 'area', 'area_name', 'lat', 'lon', 'tests', 'operators', 'points', 'residents_estimate', 'km_from_last', 'retest']]
  stops.forEach((s, i) => rows.push([
    i + 1, s.cell, s.area ?? '', s.area ? area(s.area) : '', s.lat, s.lon, s.tests, s.needs.map((n) => n.operator).join(' '), (s.points ?? []).map((p) => p.index).join(' '),
    s.residents, s.km_from_last, s.must ? 'true' : 'false',
  ]))
  return '\ufeff' + rows.map((r) => r.map(field).join(',')).join('\r\n') + '\r\n'
}

const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** A GPX 1.1 route, for what people navigate with. */
export function gpxOf(stops: readonly Stop[], title: string, describe: (s: Stop, i: number) => string): string {
  const points = stops.map((s, i) => `    <rtept lat="${s.lat.toFixed(6)}" lon="${s.lon.toFixed(6)}"><name>${i + 1}. ${xml(s.cell)}</name><desc>${xml(describe(s, i))}</desc></rtept>`)
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<gpx version="1.1" creator="phusong" xmlns="http://www.topografix.com/GPX/1/1">', '  <rte>', `    <name>${xml(title)}</name>`, ...points, '  </rte>', '</gpx>', ''].join('\n')
}

export interface Question {
  operator: string
  area: string
  stops: number
  start?: { lat: number; lon: number }
}

/** How many stops may be asked for. */
export const sizes = [5, 10, 20, 50] as const

/** What an address asks for; what makes no sense in it is left out. */
export function questionOf(query: Record<string, string>): Question {
  const q: Question = { operator: query['operator'] ?? '', area: query['area'] ?? '', stops: sizes.find((n) => n === Number(query['stops'])) ?? 10 }
  const start = startOf(`${query['lat'] ?? ''}, ${query['lon'] ?? ''}`)
  return start ? { ...q, start } : q
}

/** A position as people write it, "11.31, 106.10"; nothing when it is none. */
export function startOf(text: string): { lat: number; lon: number } | undefined {
  const [lat, lon, ...more] = text.trim().split(/\s*[,;]\s*|\s+/).map((t) => (t === '' ? NaN : Number(t)))
  const good = more.length === 0 && lat !== undefined && lon !== undefined && Math.abs(lat) <= 90 && Math.abs(lon) <= 180 && !(lat === 0 && lon === 0)
  return good ? { lat, lon } : undefined
}

export function addressOf(q: Question): string {
  const p = new URLSearchParams()
  if (q.operator) p.set('operator', q.operator)
  if (q.area) p.set('area', q.area)
  if (q.stops !== 10) p.set('stops', String(q.stops))
  if (q.start) (p.set('lat', q.start.lat.toFixed(5)), p.set('lon', q.start.lon.toFixed(5)))
  const text = p.toString()
  return '/survey' + (text && '?' + text)
}

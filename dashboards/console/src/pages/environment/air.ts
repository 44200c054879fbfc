// What is concluded from stations for a list: the worst first, per commune, and words for numbers.
import type { Schemas } from '../../api/client'
import type { Language } from '../../words'

export type Station = Schemas['Station']
export type Scale = Schemas['Scale']
export type Band = Schemas['AirBand']
export type Pollutant = Schemas['AirLimit']['pollutant']

export const pollutants: readonly Pollutant[] = ['pm25', 'pm10', 'no2', 'so2', 'co', 'o3']

/** The field that a pollutant has on the wire. */
export const fieldOf = (p: Pollutant): string => `${p}_ugm3`

/** Black or white, whichever is read better on a ground given as #RRGGBB (WCAG 2). */
export function textOn(ground: string): '#000000' | '#ffffff' {
  const part = (i: number) => {
    const c = parseInt(ground.slice(1 + 2 * i, 3 + 2 * i), 16) / 255
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  }
  const l = 0.2126 * part(0) + 0.7152 * part(1) + 0.0722 * part(2)
  return 1.05 / (l + 0.05) > (l + 0.05) / 0.05 ? '#ffffff' : '#000000'
}

export const bandOf = (scale: Scale, band: string | undefined): Band | undefined => scale.bands.find((b) => b.band === band)
export const inWords = (t: Schemas['Text'] | undefined, language: Language): string => t?.[language] ?? ''

/** The index of a station; undefined where there is none, which is not good air. */
export const indexOf = (s: { band?: string; index: number }): number | undefined => (s.band ? s.index : undefined)

const worst = (x: number | undefined) => x ?? -1

/** Those that measure air, the worst first; without an index last. */
export const airStations = (all: readonly Station[]): Station[] =>
  all.filter((s) => pollutants.some((p) => s.quantities.includes(fieldOf(p)))).sort((a, b) => worst(indexOf(b)) - worst(indexOf(a)) || a.id.localeCompare(b.id))

/** Those that know a fact, the highest first. */
export function byFact(all: readonly Station[], fact: string, has: (s: Station) => boolean): Station[] {
  return all.filter(has).sort((a, b) => (b.facts[fact] ?? -Infinity) - (a.facts[fact] ?? -Infinity) || a.id.localeCompare(b.id))
}

/** Gauges: the highest alarm first, then those that rise fastest. */
export const gauges = (all: readonly Station[]): Station[] =>
  byFact(all, 'water_rise_m_per_h', (s) => s.quantities.includes('water_level_m')).sort((a, b) => (b.facts['water_alarm'] ?? -1) - (a.facts['water_alarm'] ?? -1))

/** Those with something that is not trusted. */
export const doubtful = (all: readonly Station[]): Station[] => all.filter((s) => s.flags.length > 0 || s.suspicions.length > 0 || (s.facts['score'] ?? 100) < 75)

export interface AreaAir {
  area: string
  stations: number
  /** With an index. */
  indexed: number
  worst: Station | undefined
  exceeding: number
}

/** Communes with their worst station, the worst commune first. */
export function byArea(air: readonly Station[]): AreaAir[] {
  const areas = new Map<string, AreaAir>()
  for (const s of air) {
    const a = areas.get(s.area ?? '') ?? { area: s.area ?? '', stations: 0, indexed: 0, worst: undefined, exceeding: 0 }
    a.stations++
    if (indexOf(s) !== undefined) a.indexed++
    if (worst(indexOf(s)) > worst(a.worst && indexOf(a.worst))) a.worst = s
    if (exceeds(s)) a.exceeding++
    areas.set(a.area, a)
  }
  return [...areas.values()].sort((a, b) => worst(b.worst && indexOf(b.worst)) - worst(a.worst && indexOf(a.worst)))
}

/** Whether a running mean is above its limit of QCVN 05:2023 now. */
export const exceeds = (s: Station): boolean => (s.facts['limit_ratio'] ?? 0) > 1

/** How many stations are in which band, from the best; those without an index apart. */
export function bandCounts(scale: Scale, air: readonly Station[]): { band: Band; count: number }[] {
  return scale.bands.map((band) => ({ band, count: air.filter((s) => s.band === band.band).length }))
}

/** The noise limit of a zone at a moment, by the clock of the province. */
export function noiseLimit(scale: Scale, zone: string, at: Date): Schemas['NoiseLimit'] | undefined {
  const hour = (at.getUTCHours() + 7) % 24
  return scale.noise.find((l) => l.zone === zone && (l.from_hour < l.to_hour ? hour >= l.from_hour && hour < l.to_hour : hour >= l.from_hour || hour < l.to_hour))
}

/** The bands as grounds of a chart. */
export const grounds = (scale: Scale) => scale.bands.map((b, i) => ({ from: i === 0 ? 0 : scale.bands[i - 1]!.up_to, to: b.up_to, color: b.color }))

// What a frozen dossier says in numbers. Quantiles are those of docs/COVERAGE.md §6: by nearest
// rank over all attempts, one that got nothing counting as 0 Mbit/s.
import type { Schemas } from '../../api/client'
import type { Verdict } from '../../ui/verdict'

export type Dossier = Schemas['Dossier']
export type DossierCell = Schemas['DossierCell']
export type DossierTest = Schemas['DossierTest']
export type Decision = Schemas['Decision']
export type CellEvidence = Schemas['CellEvidence']

export interface Quantiles {
  p20: number
  p50: number
  p80: number
}

/** Nothing where there are no tests. */
export function quantilesOf(tests: readonly DossierTest[]): Quantiles | undefined {
  if (tests.length === 0) return undefined
  const rates = tests.map((t) => t.mbps).sort((a, b) => a - b)
  const at = (percent: number) => rates[Math.max(Math.ceil((percent * rates.length) / 100) - 1, 0)]!
  return { p20: at(20), p50: at(50), p80: at(80) }
}

/** The local day and time of day of a test, from its id: 2026-11-03T14:05:22/1a2b. */
export function whenOf(id: string): { day: string; time: string; hour: number; device: string } {
  const [at = '', device = ''] = id.split('/')
  const [day = '', time = ''] = at.split('T')
  return { day, time, hour: Number(time.slice(0, 2)) || 0, device }
}

export interface Hour {
  hour: number
  reached: number
  slow: number
  /** Nothing was transferred. */
  none: number
}

/** How the tests of the cells ended, by local hour. */
export function hoursOf(cells: readonly DossierCell[]): Hour[] {
  const hours = Array.from({ length: 24 }, (_, hour): Hour => ({ hour, reached: 0, slow: 0, none: 0 }))
  for (const c of cells) {
    for (const t of c.tests) {
      const h = hours[whenOf(t.id).hour]
      if (!h) continue
      if (t.result !== 'transferred') h.none++
      else if (t.mbps >= c.target_mbps) h.reached++
      else h.slow++
    }
  }
  return hours
}

export interface Row {
  cell: string
  area: string
  target: number
  then?: { verdict: Verdict; decision: Decision; quantiles?: Quantiles }
  now?: { standing: Verdict; decision: Decision; quantiles: Quantiles; hours: number; days: number; devices: number; last?: string }
}

/** The cells of a case: as they were sent, and as they are. */
export function rowsOf(cells: readonly string[], sent: Dossier | undefined, now: readonly CellEvidence[]): Row[] {
  const frozen = new Map(sent?.cells.map((c) => [c.cell, c]))
  const present = new Map(now.map((c) => [c.cell, c]))
  return cells.map((cell) => {
    const f = frozen.get(cell)
    const n = present.get(cell)
    const s = n?.summary
    return {
      cell, area: n?.area ?? f?.area ?? '', target: f?.target_mbps ?? n?.target_mbps ?? 40,
      then: f && { verdict: f.decision.verdict, decision: f.decision, quantiles: quantilesOf(f.tests) },
      now: n && s && {
        standing: n.standing.verdict, decision: n.decision, hours: s.hours, days: s.days, devices: s.devices, last: s.last,
        quantiles: { p20: s.p20_mbps, p50: s.p50_mbps, p80: s.p80_mbps },
      },
    }
  })
}

export type Threshold = 'share' | 'places' | 'apart' | 'number' | 'spread'

export interface Reason {
  what: Threshold
  holds: boolean
  have: number
  need: number
}

/** Below this a proof is one: 5 % (docs/COVERAGE.md §3). */
export const level = 0.05

/** Which proof the tests of a decision lean to, as in the reports. */
export function leaning(d: Decision): 'dead' | 'gap' | 'covered' {
  if (d.verdict !== 'unproven') return d.verdict
  if (2 * d.unusable > d.tests) return 'dead'
  return d.tests - d.negative < 0.9 * d.tests ? 'gap' : 'covered'
}

/** Why a verdict was reached, or not. */
export function whyOf(d: Decision): Reason[] {
  const kind = leaning(d)
  const th = d[kind]
  const p = d[`${kind}_p`]
  return [
    { what: 'share', holds: p < level, have: p, need: level },
    { what: 'places', holds: th.points >= th.points_needed, have: th.points, need: th.points_needed },
    { what: 'apart', holds: th.apart_seconds >= th.apart_needed, have: th.apart_seconds, need: th.apart_needed },
    { what: 'number', holds: th.tests >= th.tests_needed, have: th.tests, need: th.tests_needed },
    { what: 'spread', holds: !th.concentrated, have: 0, need: 0 },
  ]
}

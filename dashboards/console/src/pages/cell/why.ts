// Why a verdict is what it is: the conditions of docs/COVERAGE.md §3, each with what was found
// and whether it holds.
import type { Schemas } from '../../api/client'
import { number, percent } from '../../format'
import { w } from './words'

export type Evidence = Schemas['CellEvidence']
export type Claim = 'gap' | 'dead' | 'covered'

/** The level of the proof, 5 %. */
const level = 0.05

/** What the tests lean to: what they prove, or what they would prove if there were more. */
export function leansTo(e: Evidence): Claim {
  const d = e.decision
  if (d.verdict !== 'unproven') return d.verdict
  if (d.unusable * 2 > d.tests) return 'dead'
  return d.tests === 0 || d.negative * 10 > d.tests ? 'gap' : 'covered'
}

export interface Condition {
  text: string
  holds: boolean
}

const chances: Record<Claim, 'gap_p' | 'dead_p' | 'covered_p'> = { gap: 'gap_p', dead: 'dead_p', covered: 'covered_p' }

/** A chance in percent, with as many digits as it takes to tell it from nothing. */
export function chance(p: number): string {
  if (p > 0 && p < 0.0001) return `< ${percent(0.0001, 2)}`
  return percent(p, p < 0.1 ? 2 : 0)
}

/** The conditions of a claim. */
export function conditions(e: Evidence, claim: Claim): Condition[] {
  const p = e.decision[chances[claim]]
  const t = e.decision[claim]
  const hours = (seconds: number) => w().hours(number(seconds / 3600, 1))
  const all: Condition[] = [
    { text: `${w().chance[claim](chance(p))} (${w().needs})`, holds: e.decision.tests > 0 && p < level },
    { text: w().points(number(t.points), number(t.points_needed)), holds: t.points >= t.points_needed },
    { text: t.apart_seconds < 0 ? w().apartNone(hours(t.apart_needed)) : w().apart(hours(t.apart_seconds), hours(t.apart_needed)), holds: t.apart_seconds >= t.apart_needed },
    { text: w().enough(number(t.tests), number(t.tests_needed)) + (t.concentrated ? ' ' + w().concentrated : ''), holds: t.tests >= t.tests_needed },
  ]
  return all
}

/** A second of the day as people write it. */
export function timeOfDay(second: number): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  return `${two(second / 3600)}:${two((second % 3600) / 60)}`
}

export interface Part {
  index: number
  tests: number
  negative: number
  reachable: boolean
  /** How many more tests it needs. */
  needs: number
}

/** The seven parts of the cell, by their number. */
export function partsOf(e: Evidence): Part[] {
  return e.points.map((p, index) => ({
    index, tests: p.tests, negative: p.negative, reachable: ((e.accessible >> index) & 1) === 1, needs: e.further?.points?.find((n) => n.index === index)?.tests ?? 0,
  }))
}

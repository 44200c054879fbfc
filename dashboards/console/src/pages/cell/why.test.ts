import { beforeEach, describe, expect, it } from 'vitest'
import { language } from '../../words'
import { type Evidence, chance, conditions, leansTo, partsOf, timeOfDay } from './why'
import { zoneOf } from './zoneof'

beforeEach(() => (language.value = 'en'))

const spread = { points: 3, points_needed: 3, apart_seconds: 23199, apart_needed: 14400, tests: 6, tests_needed: 5 }
/** The worked example of docs/COVERAGE.md §9. */
const example = {
  accessible: 0b111, operator: '45201',
  decision: { verdict: 'gap', tests: 15, negative: 6, unusable: 0, gap_p: 0.0022, covered_p: 0.9997, dead_p: 1, gap: spread, dead: { ...spread, apart_seconds: -1, tests: 0 }, covered: { ...spread, tests: 9, tests_needed: 17, concentrated: true } },
  points: Array.from({ length: 7 }, (_, i) => ({ tests: i < 3 ? 5 : 0, negative: i < 3 ? 2 : 0, unusable: 0 })),
} as unknown as Evidence
const of = (decision: Partial<Evidence['decision']>) => ({ ...example, decision: { ...example.decision, verdict: 'unproven', ...decision } }) as Evidence

describe('why', () => {
  it('explains a proven gap by conditions that all hold', () => {
    const all = conditions(example, 'gap')
    expect(all.map((c) => c.holds)).toEqual([true, true, true, true])
    expect(all[0]!.text).toMatch(/0.22 %|0.22%/)
    expect(all[2]!.text).toMatch(/6.4 h apart, 4 h are needed/)
  })
  it('says which condition of another claim fails', () => {
    expect(conditions(example, 'covered').map((c) => c.holds)).toEqual([false, true, true, false])
    expect(conditions(example, 'covered')[3]!.text).toMatch(/crowd/)
    expect(conditions(example, 'dead')[2]).toMatchObject({ holds: false, text: expect.stringMatching(/not two sets/) as string })
  })
  it('of no tests proves nothing, whatever the numbers', () => {
    expect(conditions(of({ tests: 0, gap_p: 0 }), 'gap')[0]!.holds).toBe(false)
  })
  it('follows what the tests lean to', () => {
    expect(leansTo(example)).toBe('gap')
    expect(leansTo(of({ tests: 10, negative: 6, unusable: 6 }))).toBe('dead')
    expect(leansTo(of({ tests: 10, negative: 2, unusable: 0 }))).toBe('gap')
    expect(leansTo(of({ tests: 10, negative: 1, unusable: 0 }))).toBe('covered')
  })
  it('never calls a small chance none', () => {
    expect(chance(0.0000001)).toMatch(/^< 0.01/)
    expect(chance(0.5)).toMatch(/^50/)
  })
})

describe('parts', () => {
  it('know which have roads, and which need tests', () => {
    const parts = partsOf({ ...example, further: { points: [{ index: 2, tests: 2, point_hex: 'x' }] } } as unknown as Evidence)
    expect(parts.filter((p) => p.reachable).map((p) => p.index)).toEqual([0, 1, 2])
    expect(parts.map((p) => p.needs)).toEqual([0, 0, 2, 0, 0, 0, 0])
  })
  it('are measured at times of the day', () => expect(timeOfDay(14 * 3600 + 61)).toBe('14:01'))
})

describe('zoneOf', () => {
  const square = (a: number, b: number) => [[a, a], [b, a], [b, b], [a, b], [a, a]]
  const zone = { geometry: { coordinates: [[square(0, 10), square(4, 6)]] }, properties: { operator: '45204' } }
  it('finds the zone around a cell', () => expect(zoneOf([zone], '45204', [2, 2])).toBe(zone))
  it('finds none in a hole, outside, or of another operator', () => {
    expect(zoneOf([zone], '45204', [5, 5])).toBeUndefined()
    expect(zoneOf([zone], '45204', [11, 2])).toBeUndefined()
    expect(zoneOf([zone], '45201', [2, 2])).toBeUndefined()
  })
})

import { expect, test } from 'vitest'
import { type Decision, type Dossier, type DossierTest, hoursOf, leaning, quantilesOf, rowsOf, whenOf, whyOf } from './frozen'
import { batches, testsFor } from './strikes'

const tested = (id: string, mbps: number, result: DossierTest['result'] = 'transferred'): DossierTest => ({ id, mbps, result, point_hex: 0 })
const fine = { points: 3, points_needed: 3, apart_seconds: 23_180, apart_needed: 14_400, tests: 6, tests_needed: 5 }
const none = { points: 0, points_needed: 3, apart_seconds: -1, apart_needed: 14_400, tests: 0, tests_needed: 5, concentrated: true }

// The worked example of docs/COVERAGE.md §9.
const example: Decision = {
  verdict: 'gap', rules: '2026-1', tests: 15, negative: 6, unusable: 0, gap_p: 0.0022, covered_p: 0.9997, dead_p: 1, served_p: 0, gap: fine, dead: none, covered: none, served: fine,
}
const rates = [26.79, 79.35, 44.17, 31.3, 20.3, 38.46, 157.3, 86.43, 46.67, 42.9, 97.94, 111.7, 15.53, 171.85, 33.92]
const dossier = {
  day: '2026-11-14', operator: '45201', rules: {},
  cells: [{ cell: 'a', area: '27994', target_mbps: 40, from: '2026-08-17', to: '2026-11-14', accessible: 7, standing: { verdict: 'gap', since: '2026-11-12', proven: '2026-11-14' }, decision: example, tests: rates.map((r, i) => tested(`2026-11-${String(i + 1).padStart(2, '0')}T1${i % 3}:30:00/1a2b`, r)) }],
} as Dossier

test('quantiles are by nearest rank over all attempts', () => {
  expect(quantilesOf(dossier.cells[0]!.tests)).toEqual({ p20: 26.79, p50: 44.17, p80: 97.94 })
  expect(quantilesOf([tested('x', 0, 'no_service'), tested('y', 50)])).toEqual({ p20: 0, p50: 0, p80: 50 })
  expect(quantilesOf([])).toBeUndefined()
})

test('a verdict is explained by its own thresholds', () => {
  expect(leaning(example)).toBe('gap')
  expect(whyOf(example).map((r) => [r.what, r.holds])).toEqual([['share', true], ['places', true], ['apart', true], ['number', true], ['spread', true]])
  const open: Decision = { ...example, verdict: 'unproven', unusable: 9, dead_p: 0.3 }
  expect(leaning(open)).toBe('dead')
  expect(whyOf(open).some((r) => r.holds)).toBe(false)
  expect(leaning({ ...example, verdict: 'unproven', negative: 1 })).toBe('covered')
})

test('tests are counted by their local hour', () => {
  const hours = hoursOf([{ ...dossier.cells[0]!, tests: [tested('2026-11-01T13:03:19/1a', 26), tested('2026-11-02T13:59:59/1a', 40), tested('2026-11-02T06:00:00/1a', 0, 'no_service')] }])
  expect(hours[13]).toEqual({ hour: 13, reached: 1, slow: 1, none: 0 })
  expect(hours[6]!.none).toBe(1)
  expect(whenOf('2026-11-01T13:03:19/1a')).toEqual({ day: '2026-11-01', time: '13:03:19', hour: 13, device: '1a' })
})

test('what was sent stands beside what is', () => {
  const [sent, fresh] = rowsOf(['a', 'b'], dossier, [])
  expect(sent!.then!.verdict).toBe('gap')
  expect(sent!.now).toBeUndefined()
  expect([fresh!.then, fresh!.now, fresh!.target]).toEqual([undefined, undefined, 40])
})

test('tests to be struck are found by day, and never twice', () => {
  const all = { cell: 'a', from: '', to: '', slow: false }
  expect(testsFor(dossier, all, [])).toHaveLength(15)
  expect(testsFor(dossier, { ...all, slow: true }, [])).toHaveLength(6)
  const two = testsFor(dossier, { ...all, from: '2026-11-03', to: '2026-11-04' }, [])
  expect(two.map((t) => t.mbps)).toEqual([44.17, 31.3])
  const struck = two.map((t) => ({ cell: 'a', test: t.id, reason: 'outage' as const, note: 'phiếu 7' }))
  expect(testsFor(dossier, all, struck)).toHaveLength(13)
  expect(testsFor(dossier, { ...all, cell: 'b' }, [])).toEqual([])
  expect(batches([...struck, { cell: 'b', test: 'x', reason: 'load' }]).map((b) => `${b.reason} ${b.count} ${b.note}`)).toEqual(['outage 2 phiếu 7', 'load 1 '])
})

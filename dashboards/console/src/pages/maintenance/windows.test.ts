import { expect, test } from 'vitest'
import { type Draft, type Window, clockOf, phases, windowOf } from './windows'

const now = Date.parse('2026-11-22T03:00:00Z')
const window = (id: string, from: string, until: string, more: Partial<Window> = {}): Window => ({ id, from, until, owner: 'VNPT', reason: 'thay cáp', ...more })

test('now, next and past, each in the order in which it matters', () => {
  const p = phases(
    [
      window('later', '2026-11-24T00:00:00Z', '2026-11-24T02:00:00Z'),
      window('soon', '2026-11-23T00:00:00Z', '2026-11-25T02:00:00Z'),
      window('on', '2026-11-22T00:00:00Z', '2026-11-22T09:00:00Z'),
      window('ends first', '2026-11-22T02:00:00Z', '2026-11-22T04:00:00Z'),
      window('over', '2026-11-20T00:00:00Z', '2026-11-22T03:00:00Z'),
      window('long over', '2026-11-20T00:00:00Z', '2026-11-21T03:00:00Z'),
      window('nights', '2026-11-01T00:00:00Z', '2026-12-21T03:00:00Z', { weekly: [{ day: 0, from_minute: 0, minutes: 60 }], open: false }),
      window('this night', '2026-11-01T00:00:00Z', '2026-12-20T03:00:00Z', { weekly: [{ day: 0, from_minute: 0, minutes: 60 }], open: true }),
    ],
    now,
  )
  expect(p.now.map((w) => w.id)).toEqual(['ends first', 'on', 'this night'])
  expect(p.next.map((w) => w.id)).toEqual(['nights', 'soon', 'later'])
  expect(p.past.map((w) => w.id)).toEqual(['over', 'long over'])
})

const draft = (more: Partial<Draft> = {}): Draft => ({ scope: 'site', subject: 'school-1', from: '2026-11-22T22:00', until: '2026-11-23T01:00', owner: ' VNPT ', reason: 'thay cáp', days: [], begin: '', end: '', ...more })

test('times are those of the province', () => {
  expect(windowOf(draft(), now)).toEqual({ site: 'school-1', from: '2026-11-22T15:00:00.000Z', until: '2026-11-22T18:00:00.000Z', owner: 'VNPT', reason: 'thay cáp' })
})

test('hours of the week may run past midnight', () => {
  expect(windowOf(draft({ days: [6, 0], begin: '22:30', end: '01:00', until: '2026-12-23T01:00' }), now)).toMatchObject({ weekly: [{ day: 0, from_minute: 1350, minutes: 150 }, { day: 6, from_minute: 1350, minutes: 150 }] })
  expect(clockOf(1350 + 150)).toBe('01:00')
})

test.each<[string, Partial<Draft>]>([
  ['subject', { subject: ' ' }],
  ['times', { from: '' }],
  ['order', { until: '2026-11-22T22:00' }],
  ['past', { from: '2026-11-20T22:00', until: '2026-11-21T22:00' }],
  ['long', { until: '2027-01-22T22:00' }],
  ['hours', { days: [1], begin: '22:00', end: '22:00' }],
  ['hours', { days: [1], begin: '25:00', end: '22:00' }],
])('says what is wrong: %s', (fault, more) => {
  expect(windowOf(draft(more), now)).toBe(fault)
})

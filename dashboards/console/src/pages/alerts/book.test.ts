import { expect, test } from 'vitest'
import { type Alert, type Incident, apply, bookOf, groups, holds, past } from './book'

const now = Date.parse('2026-11-22T03:00:00Z')
const alert = (id: string, more: Partial<Alert> = {}): Alert => ({ id, name: 'WiFiSlow', severity: 'warning', scope: 'device', subject: id, told: true, acknowledged: false, fired: '2026-11-22T02:00:00Z', ...more })
const incident = (id: string, more: Partial<Incident> = {}): Incident => ({ id, cause: 'rule', sites: [], alerts: [], children: 0, down: 0, decided: true, recovering: false, ...more })
const fired = (a: Alert, change: 'fired' | 'told' | 'resolved' | 'renewed' = 'fired') => ({ kind: 'alert' as const, data: { change, at: '2026-11-22T03:00:00Z', alert: a } })

test('an alert that fires is there and new, the same event again changes nothing, and its end takes it away', () => {
  const one = apply(bookOf([], []), fired(alert('a')), now)
  expect([...one.alerts.keys()]).toEqual(['a'])
  expect(one.news.get('a')).toBe(now)
  const again = apply(one, fired(alert('a')), now + 5000)
  expect(again.news.get('a')).toBe(now)
  expect(apply(again, fired(alert('a'), 'resolved'), now).alerts.size).toBe(0)
})

test('what was there at the load is not new; what was held and is told now is', () => {
  const book = bookOf([alert('a'), alert('b', { told: false, quiet: 'explained' })], [])
  expect(book.news.size).toBe(0)
  expect(apply(book, fired(alert('a', { renewed: 1 }), 'renewed'), now).news.size).toBe(0)
  expect(apply(book, fired(alert('b'), 'told'), now).news.get('b')).toBe(now)
})

test('an event of the rules keeps what people did', () => {
  const handling = { acknowledged_by: 'lan', acknowledged_until: '2026-11-22T04:00:00Z' }
  const book = apply(bookOf([alert('a')], []), { kind: 'handling', data: { alert: 'a', action: 'acknowledge', who: 'lan', handling } }, now)
  expect(book.alerts.get('a')).toMatchObject({ acknowledged: true, handling })
  expect(apply(book, fired(alert('a', { flapping: true }), 'told'), now).alerts.get('a')).toMatchObject({ flapping: true, acknowledged: true, handling })
})

test('handling of an alert that is not known changes nothing', () => {
  const book = bookOf([], [])
  expect(apply(book, { kind: 'handling', data: { alert: 'x', action: 'release', who: 'lan', handling: {} } }, now)).toBe(book)
})

test('in hand until it ends', () => {
  expect(holds({ acknowledged_until: '2026-11-22T03:00:01Z' }, now)).toBe(true)
  expect(holds({ acknowledged_until: '2026-11-22T03:00:00Z' }, now)).toBe(false)
  expect(holds(undefined, now)).toBe(false)
})

test('causes: worst first, told before not told, and what stands for the whole is what was told', () => {
  const list = [
    alert('child', { severity: 'critical', told: false, quiet: 'explained', incident: 'i1' }),
    alert('cause', { severity: 'warning', incident: 'i1', fired: '2026-11-22T02:30:00Z' }),
    alert('held', { severity: 'critical', told: false, quiet: 'maintenance', incident: 'i2' }),
    alert('worst', { severity: 'critical', incident: 'i3' }),
    alert('older', { severity: 'warning' }),
    alert('dog', { name: 'Watchdog', severity: 'info' }),
  ]
  const all = groups(list, new Map([['i1', incident('i1', { cause: 'site' })]]))
  expect(all.map((g) => g.head.id)).toEqual(['worst', 'cause', 'older', 'held'])
  expect(all[1]).toMatchObject({ incident: { cause: 'site' } })
  expect(all[1]!.alerts.map((a) => a.id)).toEqual(['cause', 'child'])
})

test('an incident that closes is past', () => {
  const book = apply(bookOf([], [incident('i1')]), { kind: 'incident', data: { change: 'closed', at: '', incident: incident('i1', { until: '2026-11-22T03:00:00Z' }) } }, now)
  expect(past(book.incidents).map((i) => i.id)).toEqual(['i1'])
  expect(past(bookOf([], [incident('i1')]).incidents)).toEqual([])
})

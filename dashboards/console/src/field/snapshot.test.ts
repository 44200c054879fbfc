import { beforeEach, expect, test } from 'vitest'
import type { Alert } from '../pages/alerts/book'
import { type Snapshot, keep, keptMS, mostAlerts, recall, slim } from './snapshot'

const now = Date.parse('2026-11-22T03:00:00Z')
const alert = (id: string): Alert => ({ id, name: 'WiFiSlow', severity: 'warning', scope: 'device', subject: id, told: true, acknowledged: false })
const snapshot = (more: Partial<Snapshot> = {}): Snapshot => ({ account: 'lan', acts: true, at: now, alerts: [alert('a')], areas: {}, ...more })

beforeEach(() => localStorage.clear())

test('comes back as it went, until it is too old', () => {
  keep(localStorage, snapshot())
  expect(recall(localStorage, now + keptMS - 1)).toEqual(snapshot())
  expect(recall(localStorage, now + keptMS)).toBeUndefined()
  expect(localStorage.length).toBe(0)
})

test.each(['', 'null', '{"account":1}', '[', JSON.stringify({ ...snapshot(), at: now + 3600_000 })])('what makes no sense is forgotten: %s', (text) => {
  localStorage.setItem('phusong.field.snapshot', text)
  expect(recall(localStorage, now)).toBeUndefined()
})

test('is bounded, and says nothing twice', () => {
  const annotations = { summary: 'x', summary_vi: 'x', summary_en: 'y', list_vi: 'long', place: 'Tân Ninh', ack_url: 'http://…' }
  expect(slim({ ...alert('a'), annotations }).annotations).toEqual({ summary_vi: 'x', summary_en: 'y', place: 'Tân Ninh' })
  keep(localStorage, snapshot({ alerts: Array.from({ length: 500 }, (_, i) => alert(String(i))) }))
  expect(recall(localStorage, now)?.alerts.length).toBe(mostAlerts)
})

test('a full phone keeps nothing rather than half', () => {
  const full = { removed: [] as string[], setItem: () => { throw new DOMException('', 'QuotaExceededError') }, removeItem(k: string) { this.removed.push(k) } }
  keep(full as unknown as Storage, snapshot())
  expect(full.removed.length).toBe(1)
})

import { expect, test } from 'vitest'
import { type Alert, groups } from './book'
import { addressOf, filterOf, pass, plain } from './filters'

const alert = (id: string, more: Partial<Alert> = {}): Alert => ({ id, name: 'WiFiSlow', severity: 'warning', scope: 'device', subject: id, told: true, acknowledged: false, ...more })

test('a filter comes back as it went; nonsense is left out', () => {
  const f = filterOf({ area: '25459', severity: 'critical', told: 'yes', taken: 'no', text: 'tân & ninh' })
  expect(filterOf(Object.fromEntries(new URL(addressOf(f), 'http://x').searchParams))).toEqual(f)
  expect(addressOf(filterOf({ severity: 'worst', told: 'maybe' }))).toBe('/alerts')
})

test('names are found without their marks', () => {
  expect(plain('Đường Tân Ninh')).toBe('duong tan ninh')
})

test('a group stays whole when one of its alerts passes', () => {
  const all = groups(
    [
      alert('cause', { incident: 'i', annotations: { summary: 'Đứt đường truyền: Trường Tân Ninh' } }),
      alert('child', { incident: 'i', told: false, quiet: 'explained' }),
      alert('other', { severity: 'critical', acknowledged: true, handling: { acknowledged_by: 'lan' } }),
    ],
    new Map(),
  )
  const ids = (query: Record<string, string>) => pass(all, filterOf(query)).map((g) => g.alerts.map((a) => a.id).join('+'))
  expect(ids({})).toEqual(['other', 'cause+child'])
  expect(ids({ text: 'tan ninh' })).toEqual(['cause+child'])
  expect(ids({ told: 'no' })).toEqual(['cause+child'])
  expect(ids({ taken: 'yes' })).toEqual(['other'])
  expect(ids({ severity: 'info' })).toEqual([])
  expect(ids({ text: 'lan' })).toEqual(['other'])
})

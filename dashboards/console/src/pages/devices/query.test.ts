import { expect, test } from 'vitest'
import { chartable } from './chartable'
import { addressOf, byState, parametersOf, queryOf } from './query'

test('an address says what is asked, and nonsense in it is left out', () => {
  const q = queryOf({ q: 'nha van hoa', kind: 'wifi', state: 'silent', area: '25459', site: 'th-01', registered: 'false' })
  expect(queryOf(Object.fromEntries(new URLSearchParams(addressOf(q).split('?')[1])))).toEqual(q)
  expect(addressOf(queryOf({ kind: 'toaster', state: 'burning', area: "1' OR 1", registered: 'maybe' }))).toBe('/devices')
  expect(parametersOf(queryOf({ q: 'ap' }))).toEqual({ q: 'ap' })
  expect(queryOf({ q: 'x'.repeat(500) }).q).toHaveLength(100)
})

test('states are counted worst first, of one kind or all', () => {
  const counts = [
    { kind: 'wifi', state: 'up', count: 3 },
    { kind: 'mobile', state: 'up', count: 2 },
    { kind: 'wifi', state: 'silent', count: 1 },
  ] as const
  expect(byState(counts, '')).toEqual([{ state: 'silent', count: 1 }, { state: 'up', count: 5 }])
  expect(byState(counts, 'mobile')).toEqual([{ state: 'up', count: 2 }])
})

test('only what makes a line is drawn, the telling first', () => {
  const n = (field: string) => ({ field, type: 'number' as const, number: 1 })
  expect(chartable('wifi', [n('cpu'), n('rx_bytes'), n('clients'), { field: 'x', type: 'string', text: 'y' }])).toEqual(['clients', 'download_mbps', 'cpu'])
  expect(chartable('environment', [n('rain_mm'), n('pm25_ugm3')])).toEqual(['pm25_ugm3', 'rain_mm'])
  expect(chartable('wifi', [])).toEqual([])
})

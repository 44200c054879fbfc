import { expect, test } from 'vitest'
import { fieldName, fieldValue, scaleOf } from './fields'
import { language } from './words'

test.each([
  ['en', { field: 'wan_loss', unit: '1', type: 'number', number: 0.125 }, '12.5%'],
  ['vi', { field: 'pm25_ugm3', unit: 'µg/m³', type: 'number', number: 24.25 }, '24,3 µg/m³'],
  ['vi', { field: 'wan_up', type: 'boolean', number: 0 }, 'không'],
  ['en', { field: 'rx_bytes', unit: 'B', type: 'integer', number: 37_900_000 }, '37.9 MB'],
  ['en', { field: 'rx_bytes', unit: 'B', type: 'integer', number: 0 }, '0 B'],
  ['en', { field: 'uptime_s', unit: 's', type: 'integer', number: 90_000 }, '1 d 1 h'],
  ['en', { field: 'cell_id', unit: '1', type: 'integer', number: 6_815_744 }, '6815744'],
  ['en', { field: 'technology', type: 'string', text: '4g' }, '4g'],
  ['en', { field: 'clients', unit: '1', type: 'integer' }, '—'],
] as const)('%s: %o is %s', (l, value, text) => {
  language.value = l
  expect(fieldValue(value)).toBe(text)
})

test('a field that is new keeps its name', () => {
  expect(fieldName('flux_capacitance')).toBe('flux_capacitance')
  expect(scaleOf('cpu', '1')).toEqual({ factor: 100, unit: '%', digits: 1 })
  expect(scaleOf('uv_index', '1').unit).toBe('')
})

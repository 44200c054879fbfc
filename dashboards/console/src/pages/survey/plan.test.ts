import { expect, test } from 'vitest'
import { addressOf, csvOf, field, geoLink, gpxOf, questionOf, startOf, type Stop, sumsOf } from './plan'

const further = { tests: 3, days: 1, to_covered: 3, to_gap: 9, toward: 'covered' as const }
const stop = (o: Partial<Stop> = {}): Stop => ({ cell: '8865b1028bfffff', area: '25459', lat: 11.246329, lon: 106.175015, needs: [{ operator: '45204', further }, { operator: '45201', further }], tests: 6, residents: 1828, km_from_last: 3.42, urgency: 9, points: [{ point_hex: 'x', index: 5, tests: 1 }], ...o })

test('a route sheet is summed up', () => {
  expect(sumsOf([stop({ km_from_last: 0 }), stop()])).toEqual({ stops: 2, tests: 12, residents: 3656, km: 3.42 })
  expect(sumsOf([])).toEqual({ stops: 0, tests: 0, residents: 0, km: 0 })
})

test('a CSV opens in a spreadsheet, and no name becomes a formula', () => {
  const text = csvOf([stop({ must: true })], () => '=cmd("x"), Gò')
  expect(text.startsWith('\ufeffstop,cell,area,area_name,lat,lon,')).toBe(true)
  expect(text.split('\r\n')[1]).toBe('1,8865b1028bfffff,25459,"\'=cmd(""x""), Gò",11.246329,106.175015,6,45204 45201,5,1828,3.42,true')
  expect([field('a"b'), field(-3), field('-3'), field('')]).toEqual(['"a""b"', '-3', "'-3", ''])
})

test('a GPX is well-formed whatever the texts are', () => {
  const text = gpxOf([stop(), stop()], 'Phiếu <đo> & "khác"', () => 'a < b')
  const doc = new DOMParser().parseFromString(text, 'application/xml')
  expect(doc.querySelector('parsererror')).toBeNull()
  expect(doc.querySelectorAll('rtept')).toHaveLength(2)
  expect(text).toContain('<name>Phiếu &lt;đo&gt; &amp; &quot;khác&quot;</name>')
  expect(text).toContain('<rtept lat="11.246329" lon="106.175015"><name>1. 8865b1028bfffff</name><desc>a &lt; b</desc>')
})

test('directions are asked of nobody but the phone', () => {
  expect(geoLink(stop())).toBe('geo:11.246329,106.175015?q=11.246329,106.175015')
})

test.each([
  ['11.31, 106.10', { lat: 11.31, lon: 106.1 }],
  ['11.31 106.10', { lat: 11.31, lon: 106.1 }],
  ['', undefined], ['11.31', undefined], ['a, b', undefined], ['91, 10', undefined], ['1, 2, 3', undefined], ['0, 0', undefined], [', ', undefined],
])('the position %j', (text, want) => expect(startOf(text)).toEqual(want))

test('a question survives the address, and nonsense does not', () => {
  const q = { operator: '45204', area: '25459', stops: 20, start: { lat: 11.31, lon: 106.1 } }
  expect(questionOf(Object.fromEntries(new URL(addressOf(q), 'http://x').searchParams))).toEqual(q)
  expect(questionOf({ stops: '7', lat: 'x' })).toEqual({ operator: '', area: '', stops: 10 })
  expect(addressOf(questionOf({}))).toBe('/survey')
})

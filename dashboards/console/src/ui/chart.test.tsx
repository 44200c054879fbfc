import { fireEvent, render, screen } from '@testing-library/preact'
import { beforeEach, expect, test } from 'vitest'
import { language } from '../words'
import { Chart } from './chart'
import { columns, extent, lonely, nextMeasured } from './chartdata'

beforeEach(() => void (language.value = 'en'))

const at = (minute: number) => Date.UTC(2026, 10, 22, 1, minute)
const line = (label: string, ...points: [number, number][]) => ({ label, points: points.map(([minute, value]) => ({ time: at(minute), value })) })

test('a line is broken where nothing was measured', () => {
  const [times, values] = columns([line('a', [0, 1], [1, 2], [2, 2], [5, 3])], 60)
  expect(times).toEqual([0, 1, 2, 3, 5].map((m) => at(m) / 1000))
  expect(values).toEqual([1, 2, 2, null, 3])
  expect(columns([line('a', [0, 1], [4, 3])], 0)[1]).toEqual([1, 3])
})

test('who measures more rarely than asked has no gaps for that, who does so hardly ever has no line', () => {
  expect(columns([line('a', [0, 1], [2, 2], [4, 3], [9, 4])], 60)[1]).toEqual([1, 2, 3, null, 4])
  expect(columns([line('a', [0, 1], [30, 2], [60, 3])], 60)[1]).toEqual([1, null, 2, null, 3])
})

test('lines of other times do not break one another', () => {
  const [times, a, b] = columns([line('a', [0, 1], [2, 2]), line('b', [1, 5])], 120)
  expect(times).toHaveLength(3)
  expect(a).toEqual([1, undefined, 2])
  expect(b).toEqual([undefined, 5, undefined])
})

test('what is no number is a gap', () => {
  expect(columns([line('a', [0, NaN], [1, 2])], 60)[1]).toEqual([null, 2])
})

test('points that stand alone are found', () => {
  expect(lonely([1, null, 2, 3, null, undefined, 4, undefined, null])).toEqual([0, 6])
})

test('walking skips what was not measured', () => {
  const data = columns([line('a', [0, 1], [14, 3])], 60)
  expect(nextMeasured(data, -1, 1)).toBe(0)
  expect(nextMeasured(data, 0, 1)).toBe(2)
  expect(nextMeasured(data, 2, 1)).toBe(-1)
  expect(nextMeasured(data, 2, -1)).toBe(0)
})

test('the extent is of what was measured', () => {
  expect(extent([])).toBeUndefined()
  expect(extent(line('a', [1, 5], [0, -2]).points)).toEqual({ low: -2, high: 5, last: 5, lastTime: at(1) })
})

test('a chart is told, walked and shown as a table', async () => {
  render(<Chart title="PM2.5" lines={[line('PM2.5', [0, 12.5], [1, 30])]} unit="µg/m³" step={60} />)
  const plot = screen.getByRole('img', { name: /PM2\.5: lowest 12\.5 µg\/m³, highest 30 µg\/m³, latest 30 µg\/m³ at 22\/11\/2026, 08:01/ })
  await fireEvent.keyDown(plot, { key: 'ArrowLeft' })
  expect(await screen.findByText('22/11/2026, 08:01, PM2.5 30 µg/m³')).toBeTruthy()
  const details = screen.getByText('As a table').closest('details')!
  details.open = true
  await fireEvent(details, new Event('toggle'))
  expect((await screen.findAllByRole('row')).map((r) => r.textContent)).toEqual(['TimePM2.5', '22/11/2026, 08:0130 µg/m³', '22/11/2026, 08:0012.5 µg/m³'])
})

test('an empty chart says so', () => {
  render(<Chart title="PM2.5" lines={[line('PM2.5')]} />)
  expect(screen.getByText('Nothing was measured in this time.')).toBeTruthy()
})

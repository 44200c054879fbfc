import { expect, test } from 'vitest'
import { language } from '../../words'
import { type Scale, type Station, airStations, bandCounts, byArea, doubtful, exceeds, gauges, noiseLimit, textOn } from './air'
import { exceededText, hourLines } from './hours'

const station = (id: string, part: Partial<Station> = {}): Station => ({
  id, registered: true, reference: false, quantities: ['pm25_ugm3'], hour: '2026-11-22T02:00:00Z', index: 0, facts: {}, flags: [], suspicions: [], noise_zone: 'common', water_alarms_m: [], ...part,
})
const official = ['#00E400', '#FFFF00', '#FF7E00', '#FF0000', '#8F3F97', '#7E0023']

test('text on the official colours is read: at least 4.5 to 1', () => {
  const light = (hex: string) => {
    const part = (i: number) => {
      const c = parseInt(hex.slice(i, i + 2), 16) / 255
      return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
    }
    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5)
  }
  for (const ground of official) {
    const [a, b] = [light(ground), light(textOn(ground))].sort((x, y) => y - x)
    expect((a! + 0.05) / (b! + 0.05)).toBeGreaterThanOrEqual(4.5)
  }
})

test('the worst air comes first, and no index is not good air', () => {
  const all = [station('none'), station('good', { band: 'good', index: 0 }), station('bad', { band: 'bad', index: 170 }), station('water', { quantities: ['water_level_m'] })]
  expect(airStations(all).map((s) => s.id)).toEqual(['bad', 'good', 'none'])
})

test('a commune is as bad as its worst station', () => {
  const list = byArea([station('a', { area: '1', band: 'good', index: 10 }), station('b', { area: '2', band: 'poor', index: 120, facts: { limit_ratio: 1.2 } }), station('c', { area: '2' })])
  expect(list.map((a) => [a.area, a.worst?.id, a.indexed, a.stations, a.exceeding])).toEqual([['2', 'b', 1, 2, 1], ['1', 'a', 1, 1, 0]])
})

test('an exceedance is above the limit, not at it', () => {
  expect([1, 1.01, undefined].map((r) => exceeds(station('x', { facts: r === undefined ? {} : { limit_ratio: r } })))).toEqual([false, true, false])
})

test('the highest alarm comes first, then who rises fastest', () => {
  const gauge = (id: string, facts: Record<string, number>) => station(id, { quantities: ['water_level_m'], facts })
  expect(gauges([gauge('slow', { water_rise_m_per_h: 0.1 }), gauge('fast', { water_rise_m_per_h: 0.5 }), gauge('alarm', { water_alarm: 2, water_rise_m_per_h: -0.1 })]).map((s) => s.id)).toEqual(['alarm', 'fast', 'slow'])
})

test('whoever has a flag, a suspicion or a low score is in doubt', () => {
  expect(doubtful([station('fine', { facts: { score: 99 } }), station('flag', { flags: ['stuck'] }), station('low', { facts: { score: 20 } })]).map((s) => s.id)).toEqual(['flag', 'low'])
})

const scale: Scale = {
  bands: [{ band: 'good', up_to: 50, color: '#00E400', name: { vi: 'Tốt', en: 'Good' }, everyone: { vi: '', en: '' }, at_risk: { vi: '', en: '' } }],
  heat: [], water: [], limits: [], flags: {}, indicative: { vi: '', en: '' },
  noise: [
    { zone: 'special', from_hour: 6, to_hour: 21, dba: 55, basis: '', replaced: true },
    { zone: 'special', from_hour: 21, to_hour: 6, dba: 45, basis: '', replaced: true },
  ],
}

test('noise has the limit of the hour in the province, over midnight too', () => {
  const at = (utc: string) => noiseLimit(scale, 'special', new Date(`2026-11-22T${utc}:00Z`))?.dba
  expect([at('22:59'), at('23:00'), at('13:59'), at('14:00'), at('18:00')]).toEqual([45, 55, 55, 45, 45])
  expect(noiseLimit(scale, 'common', new Date())).toBeUndefined()
})

test('stations are counted by band', () => {
  expect(bandCounts(scale, [station('a', { band: 'good' }), station('b')]).map((b) => b.count)).toEqual([1])
})

test('hours become lines of what there is', () => {
  const hour = { start: '2026-11-22T01:00:00Z', index: 0, means: { no2_ugm3: 20 }, nowcast: {}, mean_24h: {} }
  expect(hourLines([hour], 'no2', 'en').map((l) => [l.label, l.points.length])).toEqual([['Hourly mean', 1]])
  expect(hourLines([hour], 'pm25', 'en')).toEqual([])
})

test('an exceedance in words', () => {
  language.value = 'vi'
  expect(exceededText({ pollutant: 'pm25', period: '24h', limit_ugm3: 45, basis: '', highest_ugm3: 61.24, at: '2026-11-22T01:00:00Z', times: 3 }, 'vi')).toBe('PM2.5 trung bình 24 giờ: 61,2 µg/m³, giới hạn 45; 3 lần, cao nhất lúc 08:00 22/11/2026')
})

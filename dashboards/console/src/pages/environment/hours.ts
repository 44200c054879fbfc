// A station's closed hours as lines, and its exceedances in words.
import type { Schemas } from '../../api/client'
import { dateTime, number } from '../../format'
import type { ChartLine } from '../../ui/chartdata'
import type { Language } from '../../words'
import { type Pollutant, fieldOf } from './air'

const texts = {
  vi: { mean: 'Trung bình giờ', day: 'Trung bình 24 giờ', now: 'NowCast', over: (p: string, period: string, high: string, limit: string, times: string, at: string) => `${p} trung bình ${period}: ${high} µg/m³, giới hạn ${limit}; ${times} lần, cao nhất lúc ${at}`, periods: { '1h': '1 giờ', '8h': '8 giờ', '24h': '24 giờ', '1y': 'năm' } },
  en: { mean: 'Hourly mean', day: 'Mean of 24 hours', now: 'NowCast', over: (p: string, period: string, high: string, limit: string, times: string, at: string) => `${p}, mean of ${period}: ${high} µg/m³, limit ${limit}; ${times} times, highest at ${at}`, periods: { '1h': '1 hour', '8h': '8 hours', '24h': '24 hours', '1y': 'the year' } },
} as const

/** Hourly means, NowCast of dust, and the running mean of a day. */
export function hourLines(hours: readonly Schemas['StationHour'][], p: Pollutant, language: Language): ChartLine[] {
  const t = texts[language]
  const line = (label: string, color: string, of: (h: Schemas['StationHour']) => number | undefined): ChartLine[] => {
    const points = hours.flatMap((h) => (of(h) === undefined ? [] : [{ time: h.start, value: of(h)! }]))
    return points.length > 0 ? [{ label, color, points }] : []
  }
  return [
    ...line(t.mean, '--brand', (h) => h.means[fieldOf(p)]),
    ...line(t.now, '--gap', (h) => h.nowcast[p]),
    ...line(t.day, '--covered', (h) => h.mean_24h[fieldOf(p)]),
  ]
}

const symbols: Record<Pollutant, string> = { pm25: 'PM2.5', pm10: 'PM10', no2: 'NO₂', so2: 'SO₂', co: 'CO', o3: 'O₃' }

/** What was exceeded, by how much, how often and when most. */
export function exceededText(x: Schemas['Exceedance'], language: Language): string {
  const t = texts[language]
  return t.over(symbols[x.pollutant], t.periods[x.period], number(x.highest_ugm3, 1), number(x.limit_ugm3, 0), number(x.times), dateTime(x.at))
}

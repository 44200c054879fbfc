// When was measured, and how it went.
import type { Schemas } from '../../api/client'
import { date } from '../../format'
import { type Bar, Bars } from '../../ui/bars'
import { w } from './words'

type Count = Schemas['HourCount'] | Schemas['DayCount']

const parts = (c: Count | undefined) => (c ? [c.reached, c.tests - c.reached, c.invalid] : [0, 0, 0])

/** A bar for each hour from 0 to 23. */
export function hourBars(hours: readonly Schemas['HourCount'][]): Bar[] {
  return Array.from({ length: 24 }, (_, h) => ({ tick: h % 3 === 0 ? String(h) : '', label: `${h}:00–${h}:59`, parts: parts(hours.find((x) => x.hour === h)) }))
}

const most = 40

/** A bar for each day with tests, the last 40; every fifth says its date. */
export function dayBars(days: readonly Schemas['DayCount'][]): Bar[] {
  const shown = days.slice(-most)
  return shown.map((d, i) => ({ tick: (shown.length - 1 - i) % 5 === 0 ? date(d.day).slice(0, 5) : '', label: date(d.day), parts: parts(d) }))
}

export function Counts({ of: h }: { of: Schemas['CellHistory'] }) {
  const legend = [{ label: w().reached, tone: 'good' }, { label: w().missed, tone: 'bad' }, { label: w().invalid, tone: 'none' }] as const
  return (
    <section class="card">
      <Bars title={w().byDay} parts={legend} bars={dayBars(h.days)} testid="by-day" />
      <Bars title={w().byHour} parts={legend} bars={hourBars(h.hours)} testid="by-hour" />
    </section>
  )
}

import { clock, date, dateTime } from '../../format'

/** The time of day of what is near, and the day too of what is not. */
export function moment(t: string | number, now: number): string {
  const ms = typeof t === 'number' ? t : Date.parse(t)
  return date(ms) === date(now) || Math.abs(ms - now) < 12 * 3600_000 ? clock(ms).slice(0, 5) : dateTime(ms)
}

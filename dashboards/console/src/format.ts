// Numbers, times and distances as people here read them. Times are those of the province
// (Asia/Ho_Chi_Minh), wherever the reader is.
import { language } from './words'

export const timeZone = 'Asia/Ho_Chi_Minh'

const locale = () => (language.value === 'vi' ? 'vi-VN' : 'en-GB')

/** A number with at most `digits` after the point; an em dash where there is none. */
export function number(n: number | null | undefined, digits = 0): string {
  if (n === null || n === undefined || !Number.isFinite(n)) return '—'
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(n)
}

/** A share of 0 to 1 in percent. */
export function percent(share: number | null | undefined, digits = 0): string {
  if (share === null || share === undefined || !Number.isFinite(share)) return '—'
  return new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: digits }).format(share)
}

const when = (t: string | number | Date) => (t instanceof Date ? t : new Date(t))

/** Day and time of day. */
export function dateTime(t: string | number | Date | null | undefined): string {
  if (t === null || t === undefined || t === '') return '—'
  return new Intl.DateTimeFormat(locale(), { timeZone, day: '2-digit', month: '2-digit', year: 'numeric', hour: '2-digit', minute: '2-digit' }).format(when(t))
}

/** Time of day, with seconds. */
export function clock(t: string | number | Date): string {
  return new Intl.DateTimeFormat(locale(), { timeZone, hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(when(t))
}

/** A day; `day` is YYYY-MM-DD or a moment. */
export function date(day: string | number | Date): string {
  return new Intl.DateTimeFormat(locale(), { timeZone, day: '2-digit', month: '2-digit', year: 'numeric' }).format(when(typeof day === 'string' && day.length === 10 ? day + 'T00:00:00+07:00' : day))
}

const units = {
  vi: { s: 'giây', m: 'phút', h: 'giờ', d: 'ngày', ago: (x: string) => `${x} trước`, now: 'vừa xong' },
  en: { s: 's', m: 'min', h: 'h', d: 'd', ago: (x: string) => `${x} ago`, now: 'just now' },
}

/** How long, in the largest unit that says enough: 45 s, 12 min, 5 h, 3 d. */
export function duration(seconds: number): string {
  const u = units[language.value]
  const s = Math.max(0, Math.round(seconds))
  if (s < 90) return `${s} ${u.s}`
  if (s < 90 * 60) return `${Math.round(s / 60)} ${u.m}`
  if (s < 36 * 3600) return `${Math.round(s / 3600)} ${u.h}`
  return `${Math.round(s / 86400)} ${u.d}`
}

/** How long ago, seen from `now`. */
export function ago(t: string | number | Date, now: number | Date = Date.now()): string {
  const seconds = (when(now).getTime() - when(t).getTime()) / 1000
  return seconds < 5 ? units[language.value].now : units[language.value].ago(duration(seconds))
}

/** Kilometres, or metres where they are few. */
export function distance(km: number): string {
  return km < 1 ? `${number(km * 1000)} m` : `${number(km, 1)} km`
}

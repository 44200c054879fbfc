// Announced work: what is going on now, what comes, what is over; and what people type.
import type { Schemas } from '../../api/client'
import { fromLocal } from '../../localtime'

export type Window = Schemas['Window']
export type Slot = Schemas['Slot']

export interface Phases {
  now: Window[]
  next: Window[]
  past: Window[]
}

/** Sorts windows by whether they hold: what ends first, what begins first, what ended last. */
export function phases(list: readonly Window[], now: number): Phases {
  const p: Phases = { now: [], next: [], past: [] }
  for (const w of list) {
    if (Date.parse(w.until) <= now) p.past.push(w)
    // A recurring window is on its way between its hours.
    else if (w.weekly?.length ? w.open : Date.parse(w.from) <= now) p.now.push(w)
    else p.next.push(w)
  }
  const by = (key: 'from' | 'until', turn: 1 | -1) => (a: Window, b: Window) => turn * (Date.parse(a[key]) - Date.parse(b[key]))
  p.now.sort(by('until', 1))
  p.next.sort(by('from', 1))
  p.past.sort(by('until', -1))
  return p
}

/** HH:MM of a minute of the day; minutes past midnight are of the next day. */
export function clockOf(minute: number): string {
  const m = minute % 1440
  return `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`
}

export type Scope = 'site' | 'device' | 'area'

/** What is wrong with what was typed; undefined when nothing is. */
export type Fault = 'subject' | 'times' | 'order' | 'past' | 'long' | 'days' | 'hours'

const day = 24 * 3600_000
/** As the service has it: once, and as a series. */
export const longest = { once: 31 * day, series: 732 * day }

export interface Draft {
  scope: Scope
  subject: string
  from: string
  until: string
  owner: string
  reason: string
  /** Days of the week, 0 is Sunday; none for a window that is once. */
  days: readonly number[]
  /** HH:MM, for days. */
  begin: string
  end: string
}

const minutes = (text: string): number | undefined => {
  const m = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  return m ? Number(m[1]) * 60 + Number(m[2]) : undefined
}

/** The window that was typed, or what is wrong with it. */
export function windowOf(d: Draft, now: number): Window | Fault {
  const subject = d.subject.trim()
  const [from, until] = [fromLocal(d.from), fromLocal(d.until)]
  if (subject === '') return 'subject'
  if (!from || !until) return 'times'
  if (until <= from) return 'order'
  if (until.getTime() <= now) return 'past'
  const weekly = d.days.length > 0
  if (until.getTime() - from.getTime() > (weekly ? longest.series : longest.once)) return 'long'
  const w: Window = { [d.scope]: subject, from: from.toISOString(), until: until.toISOString(), owner: d.owner.trim(), reason: d.reason.trim() }
  return weekly ? withDays(w, d) : w
}

/** An end before its beginning is on the next day. */
function withDays(w: Window, d: Draft): Window | Fault {
  const [begin, end] = [minutes(d.begin), minutes(d.end)]
  if (begin === undefined || end === undefined || begin === end) return 'hours'
  const length = end > begin ? end - begin : end + 1440 - begin
  return { ...w, weekly: [...d.days].sort().map((day) => ({ day, from_minute: begin, minutes: length })) }
}

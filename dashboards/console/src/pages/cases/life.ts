// The life of a gap case: what may be done in which state, who has to act, and when.
import { type Case, type Resolution, type State, states } from './words'

export type Act = 'send' | 'answer' | 'retest' | 'dispute' | 'close' | 'reopen' | 'comment'

const allowed: Record<State, readonly Act[]> = {
  open: ['send', 'close', 'comment'],
  sent: ['answer', 'close', 'comment'],
  answered: ['retest', 'dispute', 'close', 'comment'],
  retest: ['close', 'dispute', 'comment'],
  disputed: ['retest', 'send', 'answer', 'close', 'comment'],
  closed: ['reopen', 'comment'],
}

/** What a state allows, the usual next step first. */
export const actsOf = (state: State): readonly Act[] => allowed[state]

/** How a case may be closed in a state; of what rests on evidence the service has the last word. */
export function resolutionsOf(state: State): readonly Resolution[] {
  return state === 'open' || state === 'sent' ? ['withdrawn'] : ['repaired', 'restored', 'rebutted', 'withdrawn']
}

export type Turn = 'send' | 'answer' | 'repair' | 'decide' | 'measure' | 'settle' | 'nobody'

/** What is to be done next, and so by whom. */
export function turnOf(c: Pick<Case, 'state' | 'answer'>): Turn {
  switch (c.state) {
    case 'open':
      return 'send'
    case 'sent':
      return 'answer'
    case 'answered':
      return c.answer === 'concedes' ? 'repair' : 'decide'
    case 'retest':
      return 'measure'
    case 'disputed':
      return 'settle'
    case 'closed':
      return 'nobody'
  }
}

/** When a case was opened; undefined for one without a trail. */
export const openedAt = (c: Case): string | undefined => c.trail[0]?.at

/** Seconds beyond the deadline; negative before it, undefined where there is none. */
export function overdueBy(c: Case, now: number): number | undefined {
  return c.due === undefined || c.state === 'closed' ? undefined : (now - Date.parse(c.due)) / 1000
}

/** What needs attention first: most overdue, then the nearest deadline, then the oldest; closed last. */
export function byUrgency(list: readonly Case[]): Case[] {
  const due = (c: Case) => (c.due === undefined ? Infinity : Date.parse(c.due))
  const last = (c: Case) => Date.parse(c.trail.at(-1)?.at ?? '') || 0
  const opened = (c: Case) => Date.parse(openedAt(c) ?? '') || 0
  return [...list].sort((a, b) => {
    const done = Number(a.state === 'closed') - Number(b.state === 'closed')
    if (done !== 0) return done
    if (a.state === 'closed') return last(b) - last(a)
    const first = due(a) === due(b) ? 0 : due(a) - due(b)
    return first || opened(a) - opened(b) || a.id.localeCompare(b.id)
  })
}

/** How many cases are in each state. */
export function countsOf(list: readonly Case[]): Record<State, number> {
  const counts = Object.fromEntries(states.map((s) => [s, 0])) as Record<State, number>
  for (const c of list) counts[c.state]++
  return counts
}

export interface Step {
  state: State
  /** When the case last came there. */
  at?: string
  is: 'done' | 'now' | 'ahead' | 'skipped'
}

/** The life of a case in one look: since it was opened, or opened again. */
export function stepsOf(c: Case): Step[] {
  const begin = c.trail.findLastIndex((e) => e.to === 'open' && e.from !== 'open')
  const since = c.trail.slice(Math.max(begin, 0))
  const reached = new Map<State, string>()
  for (const e of since) if (e.from !== e.to) reached.set(e.to, e.at)
  const path = states.filter((s) => s !== 'disputed' || reached.has(s) || c.state === s)
  const here = path.indexOf(c.state)
  return path.map((state, i) => {
    const at = reached.get(state)
    const is = i === here ? 'now' : i > here ? 'ahead' : at === undefined ? 'skipped' : 'done'
    return is === 'ahead' || at === undefined ? { state, is } : { state, at, is }
  })
}

export interface CaseFilter {
  operator: string
  state: State | ''
  area: string
  overdue: boolean
}

/** What an address asks for. */
export function filterOf(query: Record<string, string>): CaseFilter {
  const state = states.find((s) => s === query['state']) ?? ''
  return { operator: query['operator'] ?? '', state, area: query['area'] ?? '', overdue: query['overdue'] === 'true' }
}

/** The address of a filter. */
export function addressOf(f: CaseFilter): string {
  const q = new URLSearchParams()
  if (f.operator) q.set('operator', f.operator)
  if (f.state) q.set('state', f.state)
  if (f.area) q.set('area', f.area)
  if (f.overdue) q.set('overdue', 'true')
  const text = q.toString()
  return '/cases' + (text && '?' + text)
}

/** The end of a day in the province, where a deadline of that day lies. */
export const endOfDay = (day: string): string => `${day}T23:59:59+07:00`

/** The day in the province, so many days from a moment, as YYYY-MM-DD. */
export function dayIn(now: number, days: number): string {
  return new Date(now + (days * 24 + 7) * 3600_000).toISOString().slice(0, 10)
}

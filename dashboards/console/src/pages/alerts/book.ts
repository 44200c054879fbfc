// What is wrong at the moment: alerts and the incidents that group them, and how events change
// that. Values only; nothing here asks the service.
import type { Schemas } from '../../api/client'

export type Alert = Schemas['Alert']
export type Incident = Schemas['Incident']

export interface Book {
  /** Those that fire, by id. */
  alerts: ReadonlyMap<string, Alert>
  /** Open ones and those that were over not long ago, by id. */
  incidents: ReadonlyMap<string, Incident>
  /** When each came by an event, in ms; what was there when the page was opened is not new. */
  news: ReadonlyMap<string, number>
}

/** A piece of the book, as an event or a load brings it. */
export type Change =
  | { kind: 'alert'; data: Schemas['AlertEvent'] }
  | { kind: 'incident'; data: Schemas['IncidentEvent'] }
  | { kind: 'handling'; data: Schemas['HandlingEvent'] }

export function bookOf(alerts: readonly Alert[], incidents: readonly Incident[], before?: Book): Book {
  return {
    alerts: new Map(alerts.map((a) => [a.id, a])),
    incidents: new Map(incidents.map((i) => [i.id, i])),
    news: before?.news ?? new Map(),
  }
}

/** The book after an event that came at `now`; the same event twice changes nothing. */
export function apply(book: Book, change: Change, now: number): Book {
  switch (change.kind) {
    case 'alert':
      return applyAlert(book, change.data, now)
    case 'incident': {
      const incident = change.data.incident
      return { ...book, incidents: new Map(book.incidents).set(incident.id, incident) }
    }
    case 'handling': {
      const a = book.alerts.get(change.data.alert)
      if (!a) return book
      const handling = change.data.handling
      return { ...book, alerts: new Map(book.alerts).set(a.id, { ...a, handling, acknowledged: holds(handling, now) }) }
    }
  }
}

function applyAlert(book: Book, { change, alert }: Schemas['AlertEvent'], now: number): Book {
  const alerts = new Map(book.alerts)
  const before = alerts.get(alert.id)
  if (change === 'resolved') {
    alerts.delete(alert.id)
    return { ...book, alerts }
  }
  // Events tell what the rules know; what people did comes with the list and in events of its own.
  const handling = alert.handling ?? before?.handling
  alerts.set(alert.id, { ...alert, ...(handling ? { handling, acknowledged: holds(handling, now) } : {}) })
  const news = alert.told && !before?.told ? new Map(book.news).set(alert.id, now) : book.news
  return { ...book, alerts, news }
}

/** Whether somebody has it in hand at that moment. */
export function holds(h: Schemas['Handling'] | undefined, now: number): boolean {
  return h?.acknowledged_until !== undefined && Date.parse(h.acknowledged_until) > now
}

const ranks = { critical: 0, warning: 1, info: 2 }
const moment = (t: string | undefined) => (t === undefined ? 0 : Date.parse(t))

/** The worst first, of these the newest. */
export function worstFirst(a: Alert, b: Alert): number {
  return ranks[a.severity] - ranks[b.severity] || moment(b.fired) - moment(a.fired) || (a.id < b.id ? -1 : 1)
}

/** Always fires, so that its absence is noticed elsewhere; nobody has to do anything about it. */
export const isWatchdog = (a: Alert): boolean => a.name === 'Watchdog'

/** One cause and what belongs to it. */
export interface Group {
  id: string
  /** Missing for an alert that waits to be given a cause, and where the list of incidents is older. */
  incident: Incident | undefined
  /** The worst first; those that people were told of before the others. */
  alerts: readonly Alert[]
  /** What stands for the whole. */
  head: Alert
}

const toldFirst = (a: Alert, b: Alert) => Number(b.told) - Number(a.told) || worstFirst(a, b)

/** Alerts by cause, the worst cause first: told before not told, then by severity, then the newest. */
export function groups(alerts: Iterable<Alert>, incidents: ReadonlyMap<string, Incident>): Group[] {
  const by = new Map<string, Alert[]>()
  for (const a of alerts) {
    if (isWatchdog(a)) continue
    const key = a.incident ?? a.id
    const list = by.get(key)
    if (list) list.push(a)
    else by.set(key, [a])
  }
  const all = [...by].map(([id, list]) => {
    list.sort(toldFirst)
    return { id, incident: incidents.get(id), alerts: list, head: list[0]! }
  })
  return all.sort((a, b) => toldFirst(a.head, b.head))
}

/** Incidents that are over, the latest first. */
export function past(incidents: ReadonlyMap<string, Incident>): Incident[] {
  return [...incidents.values()].filter((i) => i.until !== undefined).sort((a, b) => moment(b.until) - moment(a.until))
}

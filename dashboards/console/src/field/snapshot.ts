// What was last known, kept on the phone: it is shown at once when the page is opened, and for as
// long as there is no network. It belongs to one account and goes with it.
import type { Alert } from '../pages/alerts/book'

export interface Snapshot {
  account: string
  /** Whether the account may work on alerts. */
  acts: boolean
  /** When the service said so, in ms. */
  at: number
  alerts: Alert[]
  /** Areas that one sees, by code. */
  areas: Record<string, { name: string; parent?: string }>
}

const key = 'phusong.field.snapshot'
/** What is older misleads more than it helps. */
export const keptMS = 3 * 24 * 3600_000
/** The worst come first. */
export const mostAlerts = 200

const kept = /^(summary|description|next_step)_(vi|en)$|^(place|cause|runbook_url)$/

/** An alert without the texts that are said twice. */
export function slim(a: Alert): Alert {
  if (!a.annotations) return a
  return { ...a, annotations: Object.fromEntries(Object.entries(a.annotations).filter(([name]) => kept.test(name))) }
}

/** Keeps it; without room there is simply nothing to be shown next time. */
export function keep(storage: Storage, s: Snapshot): void {
  try {
    storage.setItem(key, JSON.stringify({ ...s, alerts: s.alerts.slice(0, mostAlerts).map(slim) }))
  } catch {
    forget(storage)
  }
}

/** Gives what was kept, if it is not too old. */
export function recall(storage: Storage, now: number): Snapshot | undefined {
  try {
    const s = JSON.parse(storage.getItem(key) ?? 'null') as Snapshot | null
    if (s && typeof s.account === 'string' && Array.isArray(s.alerts) && s.areas && now - s.at < keptMS && s.at <= now + 60_000) return s
  } catch {
    // cut off, or of another version
  }
  forget(storage)
  return undefined
}

export function forget(storage: Storage): void {
  storage.removeItem(key)
}

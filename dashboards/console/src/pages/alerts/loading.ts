// Asks the service for what stands in a Book.
import { answer, api } from '../../api/client'
import type { Alert, Incident } from './book'

/** The most that is shown at once; the worst come first, so what is left out matters least. */
export const mostShown = 1000

export interface Loaded {
  alerts: Alert[]
  incidents: Incident[]
  /** How many there are in all; more than were loaded when something was left out. */
  total: number
}

/** The open alerts of an area, and incidents; an empty area means all that one may see. */
export async function load(area: string, signal: AbortSignal): Promise<Loaded> {
  const query = { limit: mostShown, ...(area ? { area } : {}) }
  const [alerts, incidents] = await Promise.all([
    answer(api.GET('/api/v1/alerts', { params: { query }, signal })),
    answer(api.GET('/api/v1/incidents', { params: { query }, signal })),
  ])
  return { alerts: alerts.items, incidents: incidents.items, total: alerts.total }
}

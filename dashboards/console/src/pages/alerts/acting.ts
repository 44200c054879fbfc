// What people do about alerts, and how it gets to the service once and only once.
import { answer, api, type Schemas } from '../../api/client'

export type Action = 'acknowledge' | 'release' | 'assign' | 'comment'

/** The most that the service takes. */
export const maxText = 2000

/** Ids by which the service knows a repetition; no two acts share one. */
export function actID(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16)) // randomUUID wants TLS, a town's office may have none
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}

export type ActBody = Schemas['AlertActBody']

/** Does it; body.id makes sending it again harmless. Throws a Problem. */
export function act(alert: string, action: Action, body: ActBody, signal?: AbortSignal): Promise<Schemas['Handling']> {
  return answer(api.POST('/api/v1/alerts/{id}/{action}', { params: { path: { id: alert, action } }, body, signal }))
}

/** The longest that an alert can be in hand. */
export const longestMS = 7 * 24 * 3600_000

/** How long an acknowledgement may last, for one press. */
export const spans = [
  { minutes: 30 },
  { minutes: 120 },
  { minutes: 480 },
] as const

export const untilIn = (minutes: number, now: number): string => new Date(now + minutes * 60_000).toISOString()

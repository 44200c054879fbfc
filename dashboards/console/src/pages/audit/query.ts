// What is looked for in the log, as it stands in the address.
import { fromLocal } from '../../localtime'

/** Kinds of changes, by what is in their action. */
export const kinds = { alerts: '/alerts/', cases: '/cases', maintenance: '/maintenance', letters: '/deadletters', login: 'log' } as const
export type Kind = keyof typeof kinds

export interface AuditQuery {
  who: string
  q: string
  kind: Kind | ''
  /** Days, both included; '' is no bound. */
  from: string
  to: string
}

const day = (text: string | undefined): string => (text && fromLocal(text + 'T00:00') ? text : '')

export function queryOf(address: Record<string, string>): AuditQuery {
  const kind = address['kind'] ?? ''
  return { who: address['who'] ?? '', q: address['q'] ?? '', kind: Object.hasOwn(kinds, kind) ? (kind as Kind) : '', from: day(address['from']), to: day(address['to']) }
}

export function addressOf(q: AuditQuery): string {
  const set = Object.entries(q).filter(([, value]) => value !== '')
  return set.length === 0 ? '/audit' : '/audit?' + new URLSearchParams(set).toString()
}

/** The question to the service. */
export function parametersOf(q: AuditQuery): { who?: string; q?: string; action?: string; from?: string; to?: string } {
  const moment = (text: string) => fromLocal(text)?.toISOString()
  const [from, to] = [q.from && moment(q.from + 'T00:00'), q.to && moment(q.to + 'T23:59:59.999')]
  return { ...(q.who && { who: q.who }), ...(q.q && { q: q.q }), ...(q.kind && { action: kinds[q.kind] }), ...(from && { from }), ...(to && { to }) }
}

// Which alerts are looked at; kept in the address, so that a view can be sent to somebody.
import type { Alert, Group } from './book'
import { ruleTitle, titleOf } from './titles'

export interface Filter {
  area: string
  severity: '' | Alert['severity']
  told: '' | 'yes' | 'no'
  taken: '' | 'yes' | 'no'
  text: string
}

const one = <T extends string>(v: string | undefined, of: readonly T[]): T | '' => of.find((x) => x === v) ?? ''

/** Reads a filter out of the address; what makes no sense is left out. */
export function filterOf(query: Readonly<Record<string, string | undefined>>): Filter {
  return {
    area: query['area'] ?? '',
    severity: one(query['severity'], ['critical', 'warning', 'info']),
    told: one(query['told'], ['yes', 'no']),
    taken: one(query['taken'], ['yes', 'no']),
    text: query['text'] ?? '',
  }
}

export function addressOf(f: Filter): string {
  const q = new URLSearchParams(Object.entries(f).filter(([, v]) => v !== ''))
  return q.size === 0 ? '/alerts' : `/alerts?${q}`
}

/** Text without marks and case, so that "Tan Ninh" finds "Tân Ninh". */
export const plain = (s: string): string => s.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase()

function matches(a: Alert, f: Filter, text: string): boolean {
  if (f.severity !== '' && a.severity !== f.severity) return false
  if (f.told !== '' && a.told !== (f.told === 'yes')) return false
  if (f.taken !== '' && (a.acknowledged || !!a.handling?.assignee) !== (f.taken === 'yes')) return false
  if (text === '') return true
  const about = [titleOf(a), ruleTitle(a.name), a.name, a.subject, a.site, a.device, a.annotations?.['place'], a.annotations?.['list'], a.handling?.assignee, a.handling?.acknowledged_by]
  return about.some((s) => s !== undefined && plain(s).includes(text))
}

/** The groups with an alert that passes; such a group stays whole, so that what is seen has its cause. */
export function pass(all: readonly Group[], f: Filter): Group[] {
  const text = plain(f.text.trim())
  return all.filter((g) => g.alerts.some((a) => matches(a, f, text)))
}

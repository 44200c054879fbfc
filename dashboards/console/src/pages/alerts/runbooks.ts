// All runbooks, in a piece of its own that is loaded when one is asked for.
import { type Runbook, parseRunbook } from './runbook'

const pages = import.meta.glob<string>(['../../../../../docs/runbooks/*.md', '!**/README.md'], { query: '?raw', import: 'default', eager: true })

const byAlert = new Map<string, Runbook>()
for (const page of Object.values(pages)) {
  const book = parseRunbook(page)
  for (const name of book.alerts) byAlert.set(name, book)
}

/** The runbook of an alert; undefined for rules of one's own, which may name one elsewhere. */
export const runbookOf = (alert: string): Runbook | undefined => byAlert.get(alert)
export const known = (): string[] => [...byAlert.keys()]

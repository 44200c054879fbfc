// What somebody did and the service has not taken yet. It is kept until it was taken, through
// lost networks and a closed page; every act bears an id, so that sending it again is harmless.
import { signal } from '@preact/signals'
import { Problem } from '../api/client'
import type { Reason } from '../reasons'
import type { ActBody, Action } from '../pages/alerts/acting'

export interface Waiting {
  /** The act's own id, by which the service knows a repetition. */
  id: string
  /** Whose act it is: nobody else's session sends it. */
  account: string
  alert: string
  /** What the alert says, for the list of what waits. */
  title: string
  action: Action
  body: ActBody
  /** When it was done, in ms. */
  at: number
  /** Times that the service said that something else was changed at the same moment. */
  conflicts?: number
  /** Why the service will never take it; it stays until somebody has seen that. */
  refused?: string
  /** The same, to be said in the reader's language. */
  reason?: Reason
}

/** What came of a flush: everything is sent, the network or service is away, or one must log in. */
export type Outcome = 'sent' | 'away' | 'login'

const prefix = 'phusong.outbox.'
/** The same moment twice in a row is bad luck; more often it is a refusal. */
const mostConflicts = 3
/** More than anybody does without a network. */
const most = 500

/** The reason that stands for an acknowledgement that was over before it could be sent. */
export const expired = 'expired'

export class Outbox {
  /** In the order in which things were done. */
  readonly entries = signal<readonly Waiting[]>([])
  private flushing: Promise<Outcome> | undefined

  /** `send` throws a Problem; each entry has a key of its own, so that two open pages do not lose each other's. */
  constructor(
    private readonly storage: Storage,
    private readonly send: (w: Waiting) => Promise<void>,
  ) {
    this.reload()
  }

  /** Reads what is kept, also by another page. */
  reload(): void {
    const list: Waiting[] = []
    for (let i = 0; i < this.storage.length; i++) {
      const key = this.storage.key(i)
      if (!key?.startsWith(prefix)) continue
      const entry = parse(this.storage.getItem(key))
      if (entry) list.push(entry)
    }
    this.entries.value = list.sort(inOrder)
  }

  /** Keeps an act. It throws when nothing more can be kept. */
  add(entry: Waiting): void {
    if (this.entries.value.length >= most) throw new Error('the outbox is full')
    this.storage.setItem(prefix + entry.id, JSON.stringify(entry))
    this.reload()
  }

  of(account: string): readonly Waiting[] {
    return this.entries.value.filter((e) => e.account === account)
  }

  forget(id: string): void {
    this.storage.removeItem(prefix + id)
    this.reload()
  }

  forgetAll(account: string): void {
    for (const e of this.of(account)) this.storage.removeItem(prefix + e.id)
    this.reload()
  }

  /** Sends what waits, one after the other in order, until something stands in the way. */
  flush(account: string, now: () => number): Promise<Outcome> {
    this.flushing ??= this.run(account, now).finally(() => (this.flushing = undefined))
    return this.flushing
  }

  private async run(account: string, now: () => number): Promise<Outcome> {
    for (;;) {
      const next = this.of(account).find((e) => e.refused === undefined)
      if (!next) return 'sent'
      try {
        await this.send(next)
        this.forget(next.id)
      } catch (e) {
        const outcome = this.failed(next, e, now())
        if (outcome) return outcome
      }
    }
  }

  /** Says what stands in the way of everything; undefined when it was about this entry only. */
  private failed(entry: Waiting, e: unknown, now: number): Outcome | undefined {
    if (!(e instanceof Problem) || e.offline || e.status >= 500 || e.status === 429 || e.status === 408) return 'away'
    if (e.status === 401) return 'login'
    // It may have been taken before its answer was lost; that the service knows, and says yes then.
    const late = entry.body.until !== undefined && Date.parse(entry.body.until) <= now
    if (late) {
      this.keep({ ...entry, refused: expired })
      return undefined
    }
    const conflicts = (entry.conflicts ?? 0) + 1
    if (e.status === 409 && conflicts < mostConflicts) this.keep({ ...entry, conflicts })
    else this.keep({ ...entry, refused: e.detail || e.title || String(e.status), reason: e.reason })
    return undefined
  }

  private keep(entry: Waiting): void {
    this.storage.setItem(prefix + entry.id, JSON.stringify(entry))
    this.reload()
  }
}

const inOrder = (a: Waiting, b: Waiting) => a.at - b.at || (a.id < b.id ? -1 : 1)

function parse(text: string | null): Waiting | undefined {
  try {
    const e = JSON.parse(text ?? '') as Waiting
    return typeof e.id === 'string' && typeof e.account === 'string' && typeof e.alert === 'string' && typeof e.body === 'object' ? e : undefined
  } catch {
    return undefined // not ours, or cut off
  }
}

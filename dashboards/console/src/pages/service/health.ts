// How the service does, part by part: what is wrong is decided here, not where it is drawn.
import type { Schemas } from '../../api/client'
import type { Tone } from '../../ui'

export type State = Schemas['ServiceState']
export const parts = ['ledger', 'broker', 'stream', 'store', 'watcher', 'coverage'] as const
export type Part = (typeof parts)[number]

/** How many entries of the stream may wait before it is worth a word: a few seconds of a busy province. */
const muchBehind = 1000
/** From which share of its bound the stream is nearly full. */
const nearlyFull = 0.8

export const storeBehind = (s: State): number => Math.max(0, s.stream.last - s.store.position)
export const streamFull = (s: State): number => (s.stream.max_bytes > 0 ? s.stream.bytes / s.stream.max_bytes : 0)

/** Whether a part is well, wants watching, or is broken. */
export function health(s: State, part: Part): Tone {
  switch (part) {
    case 'ledger':
      return s.ledger.difference === 0 ? 'good' : 'critical'
    case 'broker':
      return s.broker.connected && s.broker.subscribed ? 'good' : 'critical'
    case 'stream':
      return !s.stream.healthy ? 'critical' : streamFull(s) >= nearlyFull ? 'warning' : 'good'
    case 'store':
      return !s.store.answers ? 'critical' : storeBehind(s) > muchBehind ? 'warning' : 'good'
    case 'watcher':
      return !s.watcher.caught_up || s.watcher.behind > muchBehind ? 'warning' : 'good'
    case 'coverage':
      return s.coverage.whole ? 'good' : 'warning'
  }
}

const gravity: Tone[] = ['good', 'warning', 'critical']

/** The worst of all parts. */
export const worst = (s: State): Tone => parts.map((p) => health(s, p)).reduce((a, b) => (gravity.indexOf(b) > gravity.indexOf(a) ? b : a))

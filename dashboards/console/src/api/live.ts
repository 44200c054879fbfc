// What changes, as it changes: one line of server-sent events for the whole page. The browser
// resumes by itself with the id of the last event; where events were missed, everyone is told
// to load again.
import { signal } from '@preact/signals'

export type EventKind = 'alert' | 'incident' | 'handling' | 'device' | 'coverage' | 'maintenance' | 'case' | 'reset'
const kinds: EventKind[] = ['alert', 'incident', 'handling', 'device', 'coverage', 'maintenance', 'case', 'reset']

/** Whether changes arrive: connecting at first and after a loss, live, or off (nobody listens). */
export const line = signal<'off' | 'connecting' | 'live'>('off')

type Listener = (kind: EventKind, data: unknown) => void
const listeners = new Set<{ kinds: ReadonlySet<EventKind>; tell: Listener }>()
let source: EventSource | undefined
let again: ReturnType<typeof setTimeout> | undefined
let pause = 1000

function open(): void {
  line.value = 'connecting'
  const s = new EventSource('/api/v1/events')
  source = s
  s.addEventListener('hello', () => {
    line.value = 'live'
    pause = 1000
  })
  for (const kind of kinds) {
    s.addEventListener(kind, (e) => {
      const data: unknown = JSON.parse((e as MessageEvent<string>).data || 'null')
      for (const l of [...listeners]) if (kind === 'reset' || l.kinds.has(kind)) l.tell(kind, data)
    })
  }
  // After a refusal (503, 401) the browser gives up; we do not.
  s.onerror = () => {
    line.value = 'connecting'
    if (s.readyState !== EventSource.CLOSED) return
    clearTimeout(again)
    again = setTimeout(() => {
      if (source === s) open()
    }, pause)
    pause = Math.min(2 * pause, 30_000)
  }
}

/** Begins to listen; call it once logged in. */
export function connect(): void {
  if (source === undefined) open()
}

/** Ends listening, after logging out. */
export function disconnect(): void {
  clearTimeout(again)
  source?.close()
  source = undefined
  line.value = 'off'
}

/** Calls tell for each event of these kinds, and for every reset; returns how to stop. */
export function listen(wanted: readonly EventKind[], tell: Listener): () => void {
  const l = { kinds: new Set(wanted), tell }
  listeners.add(l)
  return () => listeners.delete(l)
}

// The Book of a page: loaded once, then kept by events, so that what happens is seen at once.
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Data, useData } from '../../api/data'
import { listen } from '../../api/live'
import { type Book, type Change, apply, bookOf } from './book'
import { type Loaded, load } from './loading'

/** Loaded anew so often, for what no event tells: acknowledgements that run out. */
const every = 60_000

export interface LiveBook extends Data<Book> {
  /** How many alerts there are; more than are in the book when some were left out. */
  total: number
}

/** `mine` says which alerts belong to the area; events tell of all that one may see. */
export function useBook(area: string, mine: (area: string | undefined) => boolean): LiveBook {
  const data = useData('book ' + area, (signal) => load(area, signal), { every, on: ['reset'] })
  const [book, set] = useState<Book>()
  const source = useRef<Loaded>()
  // What came while a load was under way may be missing in its answer: it is applied again.
  const recent = useRef<{ change: Change; at: number }[]>([])
  const belongs = useRef(mine)
  belongs.current = mine

  useEffect(() => {
    const loaded = data.value
    if (!loaded || loaded === source.current) return
    source.current = loaded
    const now = Date.now()
    recent.current = recent.current.filter((r) => now - r.at < 10_000)
    set((before) => recent.current.reduce((b, r) => apply(b, r.change, r.at), bookOf(loaded.alerts, loaded.incidents, before)))
  }, [data.value])

  useEffect(
    () =>
      listen(['alert', 'incident', 'handling'], (kind, value) => {
        if (kind === 'reset') return
        const change = { kind, data: value } as Change
        if (change.kind === 'alert' && !belongs.current(change.data.alert.area)) return
        if (change.kind === 'incident' && !belongs.current(change.data.incident.area)) return
        const at = Date.now()
        recent.current = [...recent.current.slice(-999), { change, at }]
        set((b) => b && apply(b, change, at))
      }),
    [],
  )
  return { ...data, value: data.value && book, total: data.value?.total ?? 0 }
}

// When an answer came. What grows older while nobody looks must say as of when it is: an age
// counted from now would grow while a device speaks and only our line is off.
import { ago, clock } from '../format'

export interface Stamped<T> {
  value: T
  at: number
}

/** Adds when it came to what a load brings. */
export const stamped = async <T,>(load: Promise<T>): Promise<Stamped<T>> => ({ value: await load, at: Date.now() })

/** A moment with its age as it was when the answer came. */
export const seen = (t: string | undefined, at: number): string => (t ? `${clock(t)} · ${ago(t, at)}` : '—')

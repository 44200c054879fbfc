// What a page shows, loaded and kept fresh.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { Problem } from './client'
import { type EventKind, listen } from './live'

export interface Data<T> {
  /** The latest answer; it stays while a newer one is loaded or cannot be had. */
  value: T | undefined
  problem: Problem | undefined
  loading: boolean
  /** Load again now. */
  reload: () => void
}

export interface DataOptions {
  /** Loads again when one of these happens. */
  on?: readonly EventKind[]
  /** Loads again every so many milliseconds too, for what no event tells. */
  every?: number
}

/** Many events in one moment cost one load. */
const settle = 250

/**
 * Loads when `key` changes and when something happened; `load` gets a signal that ends it when
 * nobody waits any more. A `key` of undefined loads nothing.
 */
export function useData<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>, options: DataOptions = {}): Data<T> {
  const [state, set] = useState<{ key?: string; value?: T; problem?: Problem; loading: boolean }>({ loading: key !== undefined })
  const latest = useRef(load)
  latest.current = load
  const running = useRef<AbortController>()

  const run = useCallback(() => {
    running.current?.abort()
    if (key === undefined) return
    const controller = new AbortController()
    running.current = controller
    set((s) => ({ ...(s.key === key ? s : {}), key, loading: true }))
    latest.current(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) set({ key, value, loading: false })
      },
      (error: unknown) => {
        if (controller.signal.aborted) return
        const problem = error instanceof Problem ? error : new Problem(0, 'offline', String(error))
        set((s) => ({ ...s, problem, loading: false }))
      },
    )
  }, [key])

  useEffect(() => {
    run()
    return () => running.current?.abort()
  }, [run])

  const on = options.on?.join(' ') ?? ''
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined
        run()
      }, settle)
    }
    const stop = on === '' ? undefined : listen(on.split(' ') as EventKind[], soon)
    const tick = options.every === undefined ? undefined : setInterval(run, options.every)
    return () => {
      stop?.()
      clearTimeout(timer)
      clearInterval(tick)
    }
  }, [run, on, options.every])

  const here = state.key === key
  return { value: here ? state.value : undefined, problem: here ? state.problem : undefined, loading: !here || state.loading, reload: run }
}

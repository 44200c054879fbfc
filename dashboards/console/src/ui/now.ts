import { useEffect, useState } from 'preact/hooks'

/** The time, anew every so many milliseconds, for what says how long ago something was. */
export function useNow(every: number): number {
  const [now, set] = useState(Date.now)
  useEffect(() => {
    const tick = setInterval(() => set(Date.now()), every)
    return () => clearInterval(tick)
  }, [every])
  return Math.max(now, Date.now() - every)
}

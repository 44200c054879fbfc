// Going back in time. The map changes when the slider rests, not at each step of it.
import { useEffect, useState } from 'preact/hooks'
import { date } from '../../format'
import { dayAfter, daysBetween, positionOf } from './days'
import { w } from './words'

const rests = 250 // milliseconds

export function DaySlider({ first, last, day, choose }: { first: string; last: string; day: string | undefined; choose: (day: string | undefined) => void }) {
  const all = daysBetween(first, last)
  const [at, move] = useState(positionOf(day, first, last))
  useEffect(() => move(positionOf(day, first, last)), [day, first, last])
  useEffect(() => {
    if (at === positionOf(day, first, last)) return
    const timer = setTimeout(() => choose(at >= all ? undefined : dayAfter(first, at)), rests)
    return () => clearTimeout(timer)
  }, [at])
  const text = at >= all ? `${date(last)} (${w().today})` : date(dayAfter(first, at))
  const step = (by: number) => move(Math.max(0, Math.min(all, at + by)))
  return (
    <div class="days" role="group" aria-label={w().day} data-testid="days">
      <button type="button" aria-label={w().back} disabled={at <= 0} onClick={() => step(-1)}>
        ‹
      </button>
      <input type="range" min={0} max={all} value={at} aria-label={w().day} aria-valuetext={text} onInput={(e) => move(Number(e.currentTarget.value))} />
      <button type="button" aria-label={w().forward} disabled={at >= all} onClick={() => step(1)}>
        ›
      </button>
      <output>{text}</output>
      {at < all && (
        <button type="button" onClick={() => move(all)}>
          {w().toToday}
        </button>
      )}
    </div>
  )
}

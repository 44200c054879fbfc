// The numbers behind a chart, apart from how it is drawn.

export interface ChartPoint {
  time: string | number | Date
  value: number
}

export interface ChartLine {
  label: string
  points: readonly ChartPoint[]
  /** A colour token of style.css, such as '--brand'; the line's turn decides without one. */
  color?: string
  /** line (default), steps for states and counts, bars for sums, points for single measurements. */
  kind?: 'line' | 'steps' | 'bars' | 'points'
}

/** Columns as uPlot wants them: times in seconds, and per line a value, null for a gap, or
 * undefined where only another line has something to say. */
export type Columns = [number[], ...(number | null | undefined)[][]]

const seconds = (t: ChartPoint['time']) => (typeof t === 'number' ? t : new Date(t).getTime()) / 1000

/** The usual distance of a line's points, between one and four steps: a device that measures every
 * ten minutes has no gap every five, one that measures twice a day has no line. */
function usual(times: readonly number[], step: number): number {
  const gaps = times.slice(1).map((t, i) => t - times[i]!).sort((a, b) => a - b)
  return Math.min(4 * step, Math.max(step, gaps[Math.floor(gaps.length / 2)] ?? 0))
}

/**
 * Brings lines to common times. Where two points of a line are much farther apart than usual it
 * is broken, because nothing was measured there; `step` in seconds, 0 never breaks.
 */
export function columns(lines: readonly ChartLine[], step: number): Columns {
  const own = lines.map((line) => {
    const at = new Map<number, number | null>()
    const points = [...line.points].sort((a, b) => seconds(a.time) - seconds(b.time))
    const apart = usual(points.map((p) => seconds(p.time)), step)
    let before: number | undefined
    for (const p of points) {
      const t = seconds(p.time)
      if (before !== undefined && step > 0 && t - before > 1.5 * apart) at.set(before + apart, null)
      at.set(t, Number.isFinite(p.value) ? p.value : null)
      before = t
    }
    return at
  })
  const times = [...new Set(own.flatMap((at) => [...at.keys()]))].sort((a, b) => a - b)
  return [times, ...own.map((at) => times.map((t) => at.get(t)))]
}

/** The nearest index that has a value in some line, going from one in a direction; -1 for none. */
export function nextMeasured(data: Columns, from: number, direction: 1 | -1): number {
  for (let i = from + direction; i >= 0 && i < data[0].length; i += direction) {
    if (data.slice(1).some((line) => typeof line[i] === 'number')) return i
  }
  return -1
}

/** Which points stand alone between gaps: a line would not show them. */
export function lonely(values: readonly (number | null | undefined)[]): number[] {
  const said = values.flatMap((v, i) => (v === undefined ? [] : [i]))
  return said.filter((i, n) => typeof values[i] === 'number' && typeof values[said[n - 1] ?? -1] !== 'number' && typeof values[said[n + 1] ?? -1] !== 'number')
}

export interface Extent {
  low: number
  high: number
  last: number
  lastTime: number
}

/** What a line says in short; undefined when it is empty. */
export function extent(points: readonly ChartPoint[]): Extent | undefined {
  let e: Extent | undefined
  for (const p of points) {
    if (!Number.isFinite(p.value)) continue
    const t = seconds(p.time) * 1000
    e ??= { low: p.value, high: p.value, last: p.value, lastTime: t }
    e.low = Math.min(e.low, p.value)
    e.high = Math.max(e.high, p.value)
    if (t >= e.lastTime) [e.last, e.lastTime] = [p.value, t]
  }
  return e
}

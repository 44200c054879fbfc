// Lines over time. Who does not see them hears their extent, walks along them with the arrow
// keys, or opens the table.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { dateTime, number, timeZone } from '../format'
import { dark } from '../theme'
import { language, words } from '../words'
import { type ChartLine, type Columns, columns, extent, lonely, nextMeasured } from './chartdata'
import './chart.css'

export type { ChartLine, ChartPoint } from './chartdata'

const w = words({
  vi: {
    table: 'Xem dạng bảng', time: 'Thời điểm', keys: 'Dùng phím mũi tên trái, phải để đọc từng giá trị.', more: (n: string) => `và ${n} dòng nữa`,
    extent: (label: string, low: string, high: string, last: string, at: string) => `${label}: thấp nhất ${low}, cao nhất ${high}, gần nhất ${last} lúc ${at}`,
    none: 'Không có số liệu trong khoảng này.',
  },
  en: {
    table: 'As a table', time: 'Time', keys: 'The left and right arrow keys read single values.', more: (n: string) => `and ${n} more rows`,
    extent: (label: string, low: string, high: string, last: string, at: string) => `${label}: lowest ${low}, highest ${high}, latest ${last} at ${at}`,
    none: 'Nothing was measured in this time.',
  },
})

export interface ChartProps {
  /** What is shown; the chart's name for those who do not see it. */
  title: string
  lines: readonly ChartLine[]
  /** As it is written behind a number: 'µg/m³'. */
  unit?: string
  digits?: number
  /** The distance of two measurements in seconds: where it is exceeded the line is broken. */
  step?: number
  /** What the axis shows, even where nothing was measured. */
  from?: number | Date
  to?: number | Date
  /** The value axis holds at least these; the default holds 0. */
  range?: readonly [number | null, number | null]
  /** Lines across, such as limits. `color` is a token of style.css. */
  limits?: readonly { value: number; label: string; color?: string }[]
  /** Grounds behind the lines, such as bands of an index; colours as CSS has them. */
  bands?: readonly { from: number; to: number; color: string }[]
  height?: number
  testid?: string
}

const turns = ['--brand', '--gap', '--covered', '--critical', '--unknown']
const css = (token: string) => getComputedStyle(document.documentElement).getPropertyValue(token).trim()
const unitText = (v: string, unit?: string) => (unit ? `${v} ${unit}` : v)
/** How many rows the table shows: the newest. */
const tableRows = 200

export function Chart(p: ChartProps) {
  const data = useMemo(() => columns(p.lines, p.step ?? 0), [p.lines, p.step])
  const [at, walk] = useState<number>()
  const value = (v: number | null | undefined) => unitText(number(v ?? null, p.digits ?? 1), p.unit)
  const said = p.lines.flatMap((line) => {
    const e = extent(line.points)
    return e ? [w().extent(line.label, value(e.low), value(e.high), value(e.last), dateTime(e.lastTime))] : []
  })
  const plot = usePlot(p, data, said.length === 0)
  if (said.length === 0) return <p class="quiet" data-testid={p.testid}>{w().none}</p>

  const keys = (e: KeyboardEvent) => {
    const direction = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : undefined
    if (direction === undefined) return
    e.preventDefault()
    const next = nextMeasured(data, at ?? (direction === 1 ? -1 : data[0].length), direction)
    if (next < 0) return
    walk(next)
    plot.point(next)
  }
  return (
    <figure class="chart" data-testid={p.testid}>
      <div class="plot" ref={plot.ref} style={{ minHeight: `${p.height ?? 220}px` }} tabIndex={0} role="img" aria-label={`${p.title}. ${said.join('. ')}. ${w().keys}`} onKeyDown={keys} />
      <p class="visually-hidden" aria-live="polite">
        {at !== undefined && data[0][at] !== undefined && [dateTime(data[0][at] * 1000), ...p.lines.flatMap((l, i) => (typeof data[i + 1]?.[at] === 'number' ? [`${l.label} ${value(data[i + 1]?.[at])}`] : []))].join(', ')}
      </p>
      <ChartTable {...p} data={data} value={value} />
    </figure>
  )
}

function ChartTable({ title, lines, data, value }: ChartProps & { data: Columns; value: (v: number | null | undefined) => string }) {
  const [open, set] = useState(false)
  const rows = open ? data[0].flatMap((t, i) => (lines.some((_, n) => typeof data[n + 1]?.[i] === 'number') ? [{ t, i }] : [])).reverse() : []
  return (
    <details onToggle={(e) => set(e.currentTarget.open)}>
      <summary>{w().table}</summary>
      {open && (
        <div class="table" tabIndex={0} role="region" aria-label={title}>
          <table>
            <thead>
              <tr>
                <th scope="col">{w().time}</th>
                {lines.map((l) => (
                  <th key={l.label} scope="col" class="number">
                    {l.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, tableRows).map(({ t, i }) => (
                <tr key={t}>
                  <td>{dateTime(t * 1000)}</td>
                  {lines.map((l, n) => (
                    <td key={l.label} class="number">
                      {value(data[n + 1]?.[i])}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
          {rows.length > tableRows && <p class="quiet">{w().more(number(rows.length - tableRows))}</p>}
        </div>
      )}
    </details>
  )
}

/** Keeps a plot in an element: drawn anew when what it is changes, and told when only its numbers do. */
function usePlot(p: ChartProps, data: Columns, empty: boolean): { ref: { current: HTMLDivElement | null }; point: (i: number) => void } {
  const ref = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>()
  const shape = JSON.stringify([p.lines.map((l) => [l.label, l.color, l.kind]), p.unit, p.digits, p.range, p.limits, p.bands, p.height, language.value, dark(), empty])
  const latest = useRef({ p, data })
  latest.current = { p, data }

  useEffect(() => {
    const element = ref.current
    // Without a canvas (a printer, a test) the table says it all.
    if (!element || !document.createElement('canvas').getContext?.('2d')) return
    const made = new uPlot(options(() => latest.current.p, element.clientWidth), latest.current.data as uPlot.AlignedData, element)
    plot.current = made
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: latest.current.p.height ?? 220 }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [shape])

  const [from, to] = [Number(p.from ?? NaN), Number(p.to ?? NaN)]
  useEffect(() => plot.current?.setData(data as uPlot.AlignedData), [data, from, to])
  const point = (i: number) => {
    const u = plot.current
    const t = data[0][i]
    if (u && t !== undefined) u.setCursor({ left: u.valToPos(t, 'x'), top: u.bbox.height / devicePixelRatio / 2 })
  }
  return { ref, point }
}

/** What uPlot is told; `now` gives the props of the moment, for what is asked while drawing. */
function options(now: () => ChartProps, width: number): uPlot.Options {
  const p = now()
  const axis = { stroke: css('--quiet'), grid: { stroke: css('--line'), width: 1 }, ticks: { stroke: css('--line'), width: 1 }, font: '12px system-ui, sans-serif' }
  const value = (v: number | null) => (v === null ? '—' : unitText(number(v, p.digits ?? 1), p.unit))
  return {
    width,
    height: p.height ?? 220,
    tzDate: (t) => uPlot.tzDate(new Date(t * 1000), timeZone),
    legend: { live: true },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: true, range: (_, low, high) => shown(now(), low, high) }, y: { range: (_, low, high) => reach(now(), low, high) } },
    axes: [
      { ...axis, values: (_u, splits, _a, _s, step) => splits.map((t) => tick(t, step)), space: 70 },
      { ...axis, values: (_, splits) => splits.map((v) => number(v, 3)), size: 56, ...(p.unit ? { label: p.unit, labelSize: 20, labelFont: '12px system-ui, sans-serif' } : {}) },
    ],
    series: [{ label: w().time, value: (_, t) => (t === null ? '—' : dateTime(t * 1000)) }, ...p.lines.map((line, i) => series(line, i, value))],
    hooks: { drawClear: [(u) => grounds(u, now())], draw: [(u) => across(u, now())], setData: [latest], setCursor: [(u) => u.cursor.idx == null && latest(u)] },
  }
}

/** Where nobody points, the words below the chart are about the latest measurement. */
function latest(u: uPlot): void {
  const last = nextMeasured(u.data as Columns, u.data[0].length, -1)
  if (last >= 0) u.setLegend({ idx: last }, false)
}

/** Keeps a point from sitting on the axis when there is only one moment. */
function shown(p: ChartProps, low: number | null, high: number | null): [number, number] {
  const from = p.from === undefined ? (low ?? 0) : Number(p.from) / 1000
  const to = p.to === undefined ? (high ?? 1) : Number(p.to) / 1000
  return to > from ? [from, to] : [from - 1800, to + 1800]
}

function reach(p: ChartProps, low: number | null, high: number | null): [number, number] {
  const [least, most] = p.range ?? [0, null]
  let bottom = Math.min(low ?? 0, least ?? Infinity)
  // A limit that is not far away belongs into the picture: how near is it?
  const near = (p.limits ?? []).map((l) => l.value).filter((v) => v > 0 && v <= 2 * (high ?? 0))
  let top = Math.max(high ?? 1, most ?? -Infinity, ...near)
  if (top <= bottom) [bottom, top] = [bottom - (least === null ? 1 : 0), top + 1]
  const air = (top - bottom) * 0.06
  return [least !== null && bottom === least ? bottom : bottom - air, top + air]
}

function series(line: ChartLine, turn: number, value: (v: number | null) => string): uPlot.Series {
  const color = css(line.color ?? turns[turn % turns.length]!)
  const kind = line.kind ?? 'line'
  const s: uPlot.Series = { label: line.label, stroke: color, width: 2, value: (_, v) => value(v), points: { size: 5, fill: color, filter: (u, i) => lonely(u.data[i] as number[]) } }
  if (kind === 'steps') s.paths = uPlot.paths.stepped!({ align: 1 })
  if (kind === 'bars') Object.assign(s, { paths: uPlot.paths.bars!({ size: [0.8, 40] }), fill: color, width: 0, points: { show: false } })
  if (kind === 'points') Object.assign(s, { paths: () => null, points: { show: true, size: 6, fill: color } })
  return s
}

const day = 86400

function tick(t: number, step: number): string {
  const part = (o: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(language.value === 'vi' ? 'vi-VN' : 'en-GB', { timeZone, ...o }).format(t * 1000)
  const clock = part({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  if (step >= day || clock === '00:00') return `${part({ day: '2-digit' })}/${part({ month: '2-digit' })}`
  return clock
}

function grounds(u: uPlot, p: ChartProps): void {
  const { left, top, width, height } = u.bbox
  u.ctx.save()
  u.ctx.beginPath()
  u.ctx.rect(left, top, width, height)
  u.ctx.clip()
  u.ctx.globalAlpha = dark() ? 0.22 : 0.2
  for (const band of p.bands ?? []) {
    const high = u.valToPos(band.to, 'y', true)
    u.ctx.fillStyle = band.color
    u.ctx.fillRect(left, high, width, u.valToPos(band.from, 'y', true) - high)
  }
  u.ctx.restore()
}

function across(u: uPlot, p: ChartProps): void {
  const { left, top, width, height } = u.bbox
  const ctx = u.ctx
  ctx.save()
  ctx.lineWidth = 1.5 * devicePixelRatio
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`
  ctx.textBaseline = 'bottom'
  ctx.textAlign = 'left'
  for (const limit of p.limits ?? []) {
    const y = u.valToPos(limit.value, 'y', true)
    if (y < top || y > top + height) continue
    ctx.strokeStyle = ctx.fillStyle = css(limit.color ?? '--critical')
    ctx.beginPath()
    ctx.moveTo(left, y)
    ctx.lineTo(left + width, y)
    ctx.stroke()
    ctx.fillText(limit.label, left + 6 * devicePixelRatio, y - 2)
  }
  ctx.restore()
}

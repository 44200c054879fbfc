// Counts side by side: what went well stands below what went badly and what did not count.
// Who does not see the bars opens the table.
import { number } from '../format'
import { words } from '../words'
import './bars.css'

const w = words({ vi: { table: 'Xem dạng bảng' }, en: { table: 'As a table' } })

export interface Bar {
  /** Below the bar; empty leaves it out where there is no room for all. */
  tick: string
  /** The bar in words. */
  label: string
  parts: readonly number[]
}

export interface Part {
  label: string
  tone: 'good' | 'bad' | 'none'
}

const height = 120
const width = 22

/** How high the axis goes: the next round number, whose half is whole too. */
export function top(most: number): number {
  const step = 10 ** Math.floor(Math.log10(Math.max(1, most)))
  return Math.max(2, [1, 2, 4, 6, 10].map((m) => m * step).find((n) => n >= most) ?? most)
}

export function Bars({ title, parts, bars, testid }: { title: string; parts: readonly Part[]; bars: readonly Bar[]; testid?: string }) {
  const high = top(Math.max(0, ...bars.map((b) => b.parts.reduce((a, n) => a + n, 0))))
  const all = parts.map((p, i) => `${p.label}: ${number(bars.reduce((n, b) => n + (b.parts[i] ?? 0), 0))}`).join('; ')
  return (
    <figure class="bars" data-testid={testid}>
      <figcaption>
        <strong>{title}</strong>
        <span class="row">
          {parts.map((p) => (
            <span key={p.label} class="row key">
              <i class={p.tone} aria-hidden="true" />
              {p.label}
            </span>
          ))}
        </span>
      </figcaption>
      <svg viewBox={`-34 -6 ${bars.length * width + 40} ${height + 28}`} role="img" aria-label={`${title}. ${all}`} preserveAspectRatio="xMinYMid meet">
        {[0, high / 2, high].map((n) => (
          <g key={n}>
            <line x1={0} x2={bars.length * width} y1={height - (n / high) * height} y2={height - (n / high) * height} class="grid" />
            <text x={-6} y={height - (n / high) * height + 4} text-anchor="end">
              {number(n, 1)}
            </text>
          </g>
        ))}
        {bars.map((b, i) => (
          <g key={b.label} transform={`translate(${i * width} 0)`}>
            <title>{`${b.label}: ${parts.map((p, j) => `${p.label} ${number(b.parts[j] ?? 0)}`).join(', ')}`}</title>
            {b.parts.map((n, j) => {
              const below = b.parts.slice(0, j).reduce((a, m) => a + m, 0)
              return n > 0 && <rect key={j} class={parts[j]!.tone} x={3} width={width - 6} y={height - ((below + n) / high) * height} height={Math.max(1, (n / high) * height - 0.5)} />
            })}
            <text x={width / 2} y={height + 15} text-anchor="middle">
              {b.tick}
            </text>
          </g>
        ))}
      </svg>
      <details>
        <summary>{w().table}</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">{title}</th>
              {parts.map((p) => (
                <th scope="col" class="number" key={p.label}>
                  {p.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {bars.filter((b) => b.parts.some((n) => n > 0)).map((b) => (
              <tr key={b.label}>
                <td>{b.label}</td>
                {parts.map((p, j) => (
                  <td class="number" key={p.label}>
                    {number(b.parts[j] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </figure>
  )
}

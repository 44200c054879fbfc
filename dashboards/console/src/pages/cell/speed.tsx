// How fast it is: the middle of the tests against the target, on one line.
import { number } from '../../format'
import { top } from '../../ui/bars'
import type { Evidence } from './why'
import { w } from './words'

const width = 560

export function Speed({ of: e }: { of: Evidence }) {
  const s = e.summary
  const end = top(1.1 * Math.max(e.target_mbps, s.p80_mbps, s.mean_mbps))
  const x = (mbps: number) => (mbps / end) * width
  const marks = [0, end / 4, end / 2, (3 * end) / 4, end]
  return (
    <section class="card" aria-labelledby="speed">
      <h2 id="speed">{w().speed}</h2>
      <svg class="speed" viewBox={`-8 -22 ${width + 40} 92`} role="img" aria-label={w().quantiles(number(s.p20_mbps, 1), number(s.p50_mbps, 1), number(s.p80_mbps, 1), number(e.target_mbps))} data-testid="quantiles">
        <rect x={0} y={14} width={width} height={18} class="ground" />
        <rect x={0} y={14} width={x(e.target_mbps)} height={18} class="below" />
        <rect x={x(s.p20_mbps)} y={8} width={Math.max(2, x(s.p80_mbps) - x(s.p20_mbps))} height={30} class="middle" />
        <line x1={x(s.p50_mbps)} x2={x(s.p50_mbps)} y1={3} y2={43} class="median" />
        <circle cx={x(s.mean_mbps)} cy={23} r={4} class="mean" />
        <line x1={x(e.target_mbps)} x2={x(e.target_mbps)} y1={-4} y2={48} class="target" />
        <text x={x(e.target_mbps)} y={-8} text-anchor="middle" class="strong">
          {w().target(number(e.target_mbps))}
        </text>
        {marks.map((m) => (
          <text key={m} x={x(m)} y={64} text-anchor="middle">
            {number(m)}
          </text>
        ))}
      </svg>
      <dl class="facts">
        <dt>{w().p('20')}</dt>
        <dd>{w().mbps(number(s.p20_mbps, 1))}</dd>
        <dt>{w().median} ▏</dt>
        <dd>{w().mbps(number(s.p50_mbps, 1))}</dd>
        <dt>{w().p('80')}</dt>
        <dd>{w().mbps(number(s.p80_mbps, 1))}</dd>
        <dt>{w().mean} ●</dt>
        <dd>{w().mbps(number(s.mean_mbps, 1))}</dd>
      </dl>
      <span class="quiet">{w().meanNote}</span>
    </section>
  )
}

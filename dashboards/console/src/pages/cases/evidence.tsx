// The evidence: as it was sent, beside how it is now, and why that is proof.
import { date, duration, number, percent } from '../../format'
import { Badge } from '../../ui'
import { cellLink } from '../../ui/maplink'
import { VerdictBadge, verdictWords } from '../../ui/verdict'
import { words } from '../../words'
import { type Decision, type DossierCell, hoursOf, leaning, type Quantiles, type Reason, type Row, whyOf } from './frozen'

const w = words({
  vi: {
    table: 'Bằng chứng từng ô', cell: 'Ô', sent: 'Khi gửi', now: 'Hiện nay', unsent: 'chưa gửi', untested: 'chưa có phép đo', tests: 'Phép đo', below: 'dưới mục tiêu', none: 'không dịch vụ', rates: 'Tốc độ tải xuống P20–P80',
    why: (cell: string) => `Vì sao: ô ${cell}`, whyNow: 'Hiện nay', whySent: 'Khi gửi', leaning: (v: string) => `Xét ngưỡng của kết luận «${v}»`, standing: (v: string) => `kết luận đang giữ: ${v}`,
    quantiles: (q: string, target: string) => `${q}, mục tiêu ${target} Mbps`, q: (a: string, b: string, c: string) => `P20 ${a}, trung vị ${b}, P80 ${c} Mbps`,
    share: (p: string) => `Xác suất tình cờ có kết quả này: ${p} (cần dưới 5 %)`, places: (a: string, b: string) => `Điểm đo trong ô: ${a}, cần ${b}`, apart: (a: string, b: string) => `Cách nhau trong ngày: ${a}, cần ${b}`,
    number: (a: string, b: string) => `Phép đo minh chứng: ${a}, cần ${b}`, spread: 'Không dồn vào một điểm', never: 'chưa có hai nhóm', meets: 'đạt ngưỡng', misses: 'chưa đạt ngưỡng',
    spreadOf: (days: string, hours: string, devices: string) => `${days} ngày, ${hours} khung giờ, ${devices} thiết bị`, last: (d: string) => `đo lần cuối ${d}`,
    hours: 'Phép đo đã gửi theo giờ trong ngày', reached: 'đạt mục tiêu', slow: 'chậm hơn mục tiêu', failed: 'không truyền được', hourSaid: (h: string, a: string, b: string, c: string) => `${h} giờ: ${a} đạt, ${b} chậm, ${c} không truyền được`, clock: 'giờ',
  },
  en: {
    table: 'Evidence by cell', cell: 'Cell', sent: 'As sent', now: 'Now', unsent: 'not sent', untested: 'not tested', tests: 'Tests', below: 'below target', none: 'no service', rates: 'Download P20–P80',
    why: (cell: string) => `Why: cell ${cell}`, whyNow: 'Now', whySent: 'As sent', leaning: (v: string) => `By the thresholds of “${v}”`, standing: (v: string) => `standing verdict: ${v}`,
    quantiles: (q: string, target: string) => `${q}, target ${target} Mbps`, q: (a: string, b: string, c: string) => `P20 ${a}, median ${b}, P80 ${c} Mbps`,
    share: (p: string) => `Probability of this by chance: ${p} (must be below 5 %)`, places: (a: string, b: string) => `Points in the cell: ${a} of ${b} needed`, apart: (a: string, b: string) => `Apart within the day: ${a} of ${b} needed`,
    number: (a: string, b: string) => `Tests that prove it: ${a} of ${b} needed`, spread: 'Not crowded into one point', never: 'not two sets', meets: 'holds', misses: 'does not hold',
    spreadOf: (days: string, hours: string, devices: string) => `${days} days, ${hours} hours of the day, ${devices} devices`, last: (d: string) => `last test ${d}`,
    hours: 'Tests as sent, by hour of the day', reached: 'at the target', slow: 'slower than the target', failed: 'nothing transferred', hourSaid: (h: string, a: string, b: string, c: string) => `${h}:00: ${a} at the target, ${b} slower, ${c} nothing`, clock: 'h',
  },
})

/** P20 to P80 as a bar, the median as a tick, the target as a line. */
function Bar({ q, target }: { q: Quantiles; target: number }) {
  const full = Math.max(2 * target, q.p80, 1)
  const x = (v: number) => (Math.min(v, full) / full) * 148 + 1
  const text = w().quantiles(w().q(number(q.p20, 1), number(q.p50, 1), number(q.p80, 1)), number(target))
  return (
    <svg class="quantiles" viewBox="0 0 150 22" role="img" aria-label={text}>
      <title>{text}</title>
      <rect class="track" x="0" y="7" width="150" height="8" rx="4" />
      <rect class={`range ${q.p50 < target ? 'low' : ''}`} x={x(q.p20)} y="7" width={Math.max(x(q.p80) - x(q.p20), 2)} height="8" />
      <rect class="median" x={x(q.p50) - 1.5} y="3" width="3" height="16" />
      <line class="target" x1={x(target)} x2={x(target)} y1="0" y2="22" />
    </svg>
  )
}

function Look({ decision, quantiles, target }: { decision: Decision; quantiles?: Quantiles; target: number }) {
  return (
    <div class="stack look">
      <VerdictBadge verdict={decision.verdict} />
      <span>
        {number(decision.tests)}: {number(decision.negative)} {w().below}, {number(decision.unusable)} {w().none}
      </span>
      {quantiles && <Bar q={quantiles} target={target} />}
    </div>
  )
}

function reasonText(r: Reason): string {
  const t = w()
  switch (r.what) {
    case 'share':
      return t.share(r.have < 0.0001 ? `< ${percent(0.0001, 2)}` : percent(r.have, 2))
    case 'places':
      return t.places(number(r.have), number(r.need))
    case 'apart':
      return t.apart(r.have < 0 ? t.never : duration(r.have), duration(r.need))
    case 'number':
      return t.number(number(r.have), number(r.need))
    case 'spread':
      return t.spread
  }
}

export function Why({ decision, title }: { decision: Decision; title?: string }) {
  return (
    <div class="stack" style={{ gap: '6px' }}>
      {title && <h3>{title}</h3>}
      <span class="quiet">{w().leaning(verdictWords()[leaning(decision)])}</span>
      <ul class="reasons">
        {whyOf(decision).map((r) => (
          <li key={r.what} class="row">
            <Badge tone={r.holds ? 'good' : 'unknown'}>{r.holds ? w().meets : w().misses}</Badge>
            {reasonText(r)}
          </li>
        ))}
      </ul>
    </div>
  )
}

function CellRow({ row, operator }: { row: Row; operator: string }) {
  const { then, now } = row
  return (
    <tr>
      <td>
        <a href={cellLink(row.cell, operator)}>{row.cell}</a>
      </td>
      <td>{then ? <Look decision={then.decision} quantiles={then.quantiles} target={row.target} /> : <span class="quiet">{w().unsent}</span>}</td>
      <td>
        {now ? (
          <>
            <Look decision={now.decision} quantiles={now.quantiles} target={row.target} />
            {now.standing !== now.decision.verdict && <div class="quiet">{w().standing(verdictWords()[now.standing])}</div>}
            <div class="quiet">
              {w().spreadOf(number(now.days), number(now.hours), number(now.devices))}
              {now.last && `, ${w().last(date(now.last))}`}
            </div>
          </>
        ) : (
          <span class="quiet">{w().untested}</span>
        )}
      </td>
    </tr>
  )
}

export function Evidence({ rows, operator }: { rows: readonly Row[]; operator: string }) {
  return (
    <>
      <div class="table" tabIndex={0} role="region" aria-label={w().table} data-testid="evidence">
        <table>
          <thead>
            <tr>
              <th scope="col">{w().cell}</th>
              <th scope="col">{w().sent}</th>
              <th scope="col">{w().now}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((r) => (
              <CellRow key={r.cell} row={r} operator={operator} />
            ))}
          </tbody>
        </table>
      </div>
      {rows.map((r) => (
        <details key={r.cell} open={rows.length === 1}>
          <summary>{w().why(r.cell)}</summary>
          <div class="row" style={{ alignItems: 'start', gap: '32px', padding: '8px 0' }}>
            {r.then && <Why decision={r.then.decision} title={w().whySent} />}
            {r.now && <Why decision={r.now.decision} title={w().whyNow} />}
          </div>
        </details>
      ))}
    </>
  )
}

/** How the tests that were sent ended, hour by hour. */
export function Hours({ cells }: { cells: readonly DossierCell[] }) {
  const hours = hoursOf(cells)
  const most = Math.max(...hours.map((h) => h.reached + h.slow + h.none), 1)
  const kinds = ['none', 'slow', 'reached'] as const
  const names = { none: w().failed, slow: w().slow, reached: w().reached }
  return (
    <figure style={{ margin: 0 }} class="stack">
      <figcaption>{w().hours}</figcaption>
      <svg class="hours" viewBox="0 0 480 120" role="img" aria-label={hours.filter((h) => h.reached + h.slow + h.none > 0).map((h) => w().hourSaid(String(h.hour), String(h.reached), String(h.slow), String(h.none))).join('; ')}>
        {hours.map((h) => {
          let y = 100
          return kinds.map((k) => {
            const height = (h[k] / most) * 96
            y -= height
            return height > 0 && <rect key={k + h.hour} class={k} x={h.hour * 20 + 2} y={y} width="16" height={height} />
          })
        })}
        {[0, 6, 12, 18].map((h) => (
          <text key={h} x={h * 20 + 2} y="115">
            {h} {w().clock}
          </text>
        ))}
      </svg>
      <div class="row">
        {kinds.map((k) => (
          <span key={k} class="key">
            <i class={k} /> {names[k]}
          </span>
        ))}
      </div>
    </figure>
  )
}

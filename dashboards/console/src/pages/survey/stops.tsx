// The stops of a route sheet, in their order.
import { distance, number } from '../../format'
import { Badge, toast } from '../../ui'
import { cellLink } from '../../ui/maplink'
import { operatorName } from '../../ui/operators'
import { verdictWords } from '../../ui/verdict'
import { words } from '../../words'
import type { Areas } from '../alerts/useareas'
import { hoursText } from '../cases/retest'
import { coordinates, geoLink, type Stop } from './plan'

const w = words({
  vi: {
    list: 'Các điểm đo theo thứ tự', stop: 'Điểm', where: 'Nơi', why: 'Vì sao', tests: 'Số phép đo', people: 'Người dân', way: 'Cách điểm trước', go: 'Chỉ đường', copy: 'Chép tọa độ', copied: (c: string) => `Đã chép ${c}`, notCopied: 'Trình duyệt không cho chép; hãy chép bằng tay',
    must: 'hồ sơ chờ đo lại', need: (n: string, toward: string) => `thiếu khoảng ${n} phép đo để kết luận «${toward}»`, unclear: 'tỷ lệ sát ngưỡng', declared: 'nhà mạng công bố có sóng', points: (p: string) => `Trong ô: điểm ${p}`,
  },
  en: {
    list: 'The stops in their order', stop: 'Stop', where: 'Where', why: 'Why', tests: 'Tests', people: 'Residents', way: 'From the last', go: 'Directions', copy: 'Copy position', copied: (c: string) => `Copied ${c}`, notCopied: 'The browser does not allow copying; copy it by hand',
    must: 'a case waits for a re-test', need: (n: string, toward: string) => `lacks about ${n} ${n === '1' ? 'test' : 'tests'} to prove “${toward}”`, unclear: 'too near the limit', declared: 'declared as covered', points: (p: string) => `In the cell: points ${p}`,
  },
})

type Need = Stop['needs'][number]

/** What the evidence on one operator lacks, in a sentence. */
export function needText(n: Need): string {
  const f = n.further
  const parts = [f.tests > 0 ? w().need(number(f.tests), verdictWords()[f.toward]) : w().unclear, hoursText(f), n.declared && w().declared]
  return `${operatorName(n.operator)}: ${parts.filter(Boolean).join(', ')}`
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    toast(w().copied(text))
  } catch {
    toast(w().notCopied, 'critical')
  }
}

function Row({ s, n, areas }: { s: Stop; n: number; areas: Areas }) {
  return (
    <tr data-testid="stop">
      <td class="number">
        <strong>{n}</strong>
      </td>
      <td>
        {s.area ? areas.name(s.area) : '—'}
        <br />
        <a href={s.needs[0] ? cellLink(s.cell, s.needs[0].operator) : `/cells/${s.cell}`}>{s.cell}</a>
        <br />
        <span class="quiet nowrap">{coordinates(s)}</span>
      </td>
      <td>
        {s.must && <Badge tone="critical">{w().must}</Badge>}
        <ul class="needs">
          {s.needs.map((need) => (
            <li key={need.operator}>{needText(need)}</li>
          ))}
        </ul>
        {s.points && s.points.length > 0 && <span class="quiet">{w().points(s.points.map((p) => `${p.index} (${p.tests})`).join(', '))}</span>}
      </td>
      <td class="number" data-label={w().tests}>{number(s.tests)}</td>
      <td class="number" data-label={w().people}>{number(s.residents)}</td>
      <td class="number" data-label={w().way}>{distance(s.km_from_last)}</td>
      <td class="no-print">
        <div class="row">
          <a class="button" href={geoLink(s)} target="_self">
            {w().go}
          </a>
          <button type="button" onClick={() => void copy(coordinates(s))}>
            {w().copy}
          </button>
        </div>
      </td>
    </tr>
  )
}

export function Stops({ stops, areas }: { stops: readonly Stop[]; areas: Areas }) {
  return (
    <div class="table stops" tabIndex={0} role="region" aria-label={w().list}>
      <table>
        <thead>
          <tr>
            <th scope="col" class="number">{w().stop}</th>
            <th scope="col">{w().where}</th>
            <th scope="col">{w().why}</th>
            <th scope="col" class="number">{w().tests}</th>
            <th scope="col" class="number">{w().people}</th>
            <th scope="col" class="number">{w().way}</th>
            <th scope="col" class="no-print">{w().go}</th>
          </tr>
        </thead>
        <tbody>
          {stops.map((s, i) => (
            <Row key={s.cell} s={s} n={i + 1} areas={areas} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

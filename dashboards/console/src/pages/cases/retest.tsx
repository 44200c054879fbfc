// The re-test: what its tests prove so far, what they lack, and how the case could be closed.
import { date, number } from '../../format'
import { sentence } from '../../reasons'
import { Badge, Table } from '../../ui'
import { cellLink } from '../../ui/maplink'
import { VerdictBadge } from '../../ui/verdict'
import { words } from '../../words'
import type { Review } from './data'
import { type Case, caseWords } from './words'

const w = words({
  vi: {
    title: 'Kết quả đo lại', from: (day: string) => `Chỉ tính phép đo từ ngày ${day}.`, list: 'Kết quả đo lại từng ô', cell: 'Ô', verdict: 'Chứng minh', tests: 'Phép đo', below: 'Dưới mục tiêu', more: 'Còn thiếu',
    lacks: (n: string, days: string) => `khoảng ${n} phép đo, ít nhất ${days} ngày`, unclear: 'tỷ lệ quá sát ngưỡng, đo thêm cũng khó kết luận', points: (list: string) => `ở điểm ${list}`, until: (t: string) => `trước ${t}`, after: (t: string) => `sau ${t}`, or: ' hoặc ', enough: 'đủ', plan: 'Mở kế hoạch đo',
    close: 'Có thể khép hồ sơ với kết quả', yes: 'được', no: 'chưa được',
  },
  en: {
    title: 'The re-test', from: (day: string) => `Only tests from ${day} on.`, list: 'Result of the re-test by cell', cell: 'Cell', verdict: 'Proves', tests: 'Tests', below: 'Below target', more: 'Lacks',
    lacks: (n: string, days: string) => `about ${n} ${n === '1' ? 'test' : 'tests'}, ${days} ${days === '1' ? 'day' : 'days'} at least`, unclear: 'too near the limit: more tests would hardly decide it', points: (list: string) => `in points ${list}`, until: (t: string) => `before ${t}`, after: (t: string) => `after ${t}`, or: ' or ', enough: 'nothing', plan: 'Open the survey plan',
    close: 'The case could be closed as', yes: 'yes', no: 'not yet',
  },
})

type Further = NonNullable<Review['retest'][number]['further']>

/** Seconds of the day as HH:MM. */
export const clockOf = (second: number): string => `${String(Math.floor(second / 3600)).padStart(2, '0')}:${String(Math.floor(second / 60) % 60).padStart(2, '0')}`

/** When tests would be far enough from those there are; empty when it does not matter. */
export function hoursText(f: Pick<Further, 'until' | 'after'>): string {
  return [f.until !== undefined && w().until(clockOf(f.until)), f.after !== undefined && w().after(clockOf(f.after))].filter(Boolean).join(w().or)
}

/** What is missing to a proof, in words. */
export function lacking(f: Further | undefined): string {
  if (!f) return w().enough
  if (f.tests === 0) return w().unclear
  const parts = [w().lacks(number(f.tests), number(f.days))]
  if (f.points?.length) parts.push(w().points(f.points.map((p) => p.index).join(', ')))
  return [...parts, hoursText(f)].filter(Boolean).join(', ')
}

export function Retest({ of, review }: { of: Case; review: Review }) {
  if (review.from === undefined || of.state === 'closed' || of.state === 'open') return null
  return (
    <section class="card" data-testid="retest">
      <h2>{w().title}</h2>
      <p class="quiet">
        {w().from(date(review.from))} <a href={`/survey?operator=${of.operator}`}>{w().plan}</a>
      </p>
      <Table
        label={w().list} rows={review.retest} rowKey={(r) => r.cell}
        columns={[
          { title: w().cell, cell: (r) => <a href={cellLink(r.cell, of.operator)}>{r.cell}</a> },
          { title: w().verdict, cell: (r) => <VerdictBadge verdict={r.decision.verdict} /> },
          { title: w().tests, number: true, cell: (r) => number(r.decision.tests) },
          { title: w().below, number: true, cell: (r) => number(r.decision.negative) },
          { title: w().more, cell: (r) => lacking(r.further) },
        ]}
      />
      <Outlook review={review} />
    </section>
  )
}

/** How the case could be closed on what is proven now. */
function Outlook({ review }: { review: Review }) {
  const list = review.outlook.filter((o) => o.action === 'close')
  if (list.length === 0) return null
  return (
    <>
      <h3>{w().close}</h3>
      <ul class="reasons">
        {list.map((o) => (
          <li key={o.resolution} class="row">
            <Badge tone={o.possible ? 'good' : 'unknown'}>{o.possible ? w().yes : w().no}</Badge>
            {o.resolution && caseWords().resolution[o.resolution]}
            {!o.possible && <span class="quiet">{sentence(o) ?? o.why}</span>}
          </li>
        ))}
      </ul>
    </>
  )
}

// The list of what is wrong: one card for one cause, the worst first, as it happens.
import { useLocation } from 'preact-iso'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { line } from '../../api/live'
import { ago, dateTime, number } from '../../format'
import { session } from '../../session'
import { Badge, Choice, Empty, Loaded, Page } from '../../ui'
import { useNow } from '../../ui/now'
import { words } from '../../words'
import './alerts.css'
import { type Book, type Group, type Incident, groups, isWatchdog, past } from './book'
import { type Filter, addressOf, filterOf, pass } from './filters'
import { IncidentCard } from './incident'
import { mostShown } from './loading'
import { causeText, ruleTitle, severityText, titleOf } from './titles'
import { type Areas, useAreas } from './useareas'
import { useBook } from './usebook'

const w = words({
  vi: {
    title: 'Cảnh báo', fine: 'Không có cảnh báo nào', fineHow: 'Khi có sự cố, nó hiện ngay ở đây, không cần tải lại trang.', stale: 'Trang chưa nối được với luồng trực tiếp; số liệu được tải lại mỗi phút.',
    none: 'Không có cảnh báo nào hợp với bộ lọc', noneHow: 'Bỏ bớt điều kiện lọc để xem thêm.', clear: 'Bỏ lọc', area: 'Địa bàn', everywhere: 'Tất cả', severity: 'Mức', told: 'Đã báo', taken: 'Người xử lý', all: 'Tất cả',
    yes: 'Đã báo', no: 'Không báo riêng', takenYes: 'Đã có người', takenNo: 'Chưa ai nhận', search: 'Tìm', searchHow: 'Tên, nơi, thiết bị…', some: (n: string, all: string) => `Chỉ tải ${n} trong ${all} cảnh báo, nặng nhất trước. Hãy chọn địa bàn để xem phần còn lại.`,
    fresh: (title: string) => `Cảnh báo mới: ${title}`, freshMany: (n: string) => `${n} cảnh báo mới`, past: (n: string) => `Đã xong gần đây (${n})`, over: (t: string) => `xong ${t}`, filter: 'Bộ lọc', incidents: (n: string) => `${n} sự cố`, watch: 'Tín hiệu canh chừng đang chạy: hệ thống cảnh báo còn hoạt động.',
  },
  en: {
    title: 'Alerts', fine: 'Nothing is wrong', fineHow: 'What goes wrong appears here at once; there is no need to load the page again.', stale: 'This page is not live at the moment; it is loaded again every minute.',
    none: 'No alert passes the filter', noneHow: 'Take conditions away to see more.', clear: 'Clear the filter', area: 'Area', everywhere: 'All', severity: 'Severity', told: 'Told', taken: 'In hand', all: 'All',
    yes: 'Told', no: 'Not told apart', takenYes: 'Somebody', takenNo: 'Nobody', search: 'Search', searchHow: 'Name, place, device…', some: (n: string, all: string) => `Only ${n} of ${all} alerts are loaded, the worst first. Choose an area to see the rest.`,
    fresh: (title: string) => `New alert: ${title}`, freshMany: (n: string) => `${n} new alerts`, past: (n: string) => `Over lately (${n})`, over: (t: string) => `over ${t}`, filter: 'Filter', incidents: (n: string) => `${n} incidents`, watch: 'The watchdog runs: alerting is alive.',
  },
})

/** How long something that came while one looked is marked as new. */
const freshMS = 120_000

export default function Alerts() {
  const { query, route } = useLocation()
  const filter = filterOf(query)
  const areas = useAreas()
  const book = useBook(filter.area, (a) => areas.within(a, filter.area))
  const set = (f: Filter) => route(addressOf(f), true)
  return (
    <Page title={w().title} actions={line.value !== 'live' && <Badge tone="warning">{w().stale}</Badge>}>
      <Filters filter={filter} set={set} areas={areas} />
      <Loaded data={book}>
        {(value) => (
          <>
            {book.total > mostShown && <div class="note warn">{w().some(number(value.alerts.size), number(book.total))}</div>}
            <List book={value} filter={filter} areas={areas} clear={() => set(filterOf({}))} />
          </>
        )}
      </Loaded>
    </Page>
  )
}

function List({ book, filter, areas, clear }: { book: Book; filter: Filter; areas: Areas; clear: () => void }) {
  const now = useNow(15_000)
  const all = useMemo(() => groups(book.alerts.values(), book.incidents), [book])
  const shown = pass(all, filter)
  const people = useMemo(() => names(book), [book])
  const fresh = (g: Group) => g.alerts.some((a) => now - (book.news.get(a.id) ?? 0) < freshMS)
  return (
    <>
      <News book={book} />
      {shown.length > 0 && <p class="quiet">{w().incidents(number(shown.length))}</p>}
      {all.length === 0 && (
        <Empty title={w().fine}>
          <span>{w().fineHow}</span>
          {[...book.alerts.values()].some(isWatchdog) && <span>{w().watch}</span>}
        </Empty>
      )}
      {all.length > 0 && shown.length === 0 && (
        <Empty title={w().none}>
          <span>{w().noneHow}</span>
          <button type="button" onClick={clear}>{w().clear}</button>
        </Empty>
      )}
      <div class="stack" data-testid="incidents">
        {shown.map((g) => (
          <IncidentCard key={g.id} group={g} now={now} fresh={fresh(g)} area={areas.name} people={people} />
        ))}
      </div>
      <Past incidents={past(book.incidents)} areas={areas} now={now} />
    </>
  )
}

/** Those who are known to work on alerts, for suggestions. */
function names(book: Book): string[] {
  const all = [...book.alerts.values()].flatMap((a) => [a.handling?.assignee, a.handling?.acknowledged_by])
  return [...new Set([session.value?.name, ...all])].filter((n): n is string => !!n).sort()
}

/** Says what came to those who do not see it; once, and many as a number. */
function News({ book }: { book: Book }) {
  const [said, say] = useState('')
  const [known, know] = useState(book.news)
  useEffect(() => {
    const fresh = [...book.news.keys()].filter((id) => !known.has(id))
    if (fresh.length === 0) return
    know(book.news)
    const only = fresh.length === 1 ? book.alerts.get(fresh[0]!) : undefined
    say(only ? w().fresh(titleOf(only)) : w().freshMany(number(fresh.length)))
  }, [book.news])
  return (
    <p class="visually-hidden" role="status" aria-live="polite" data-testid="news">
      {said}
    </p>
  )
}

function Filters({ filter, set, areas }: { filter: Filter; set: (f: Filter) => void; areas: Areas }) {
  const change = (part: Partial<Filter>) => set({ ...filter, ...part })
  return (
    <form class="row filters no-print" aria-label={w().filter} onSubmit={(e) => e.preventDefault()}>
      <label>
        {w().search}
        <input type="search" value={filter.text} placeholder={w().searchHow} maxLength={100} onInput={(e) => change({ text: e.currentTarget.value })} />
      </label>
      <label>
        {w().area}
        <select value={filter.area} onChange={(e) => change({ area: e.currentTarget.value })}>
          <option value="">{w().everywhere}</option>
          {areas.list.map((a) => (
            <option key={a.code} value={a.code}>
              {a.name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {w().told}
        <select value={filter.told} onChange={(e) => change({ told: e.currentTarget.value as Filter['told'] })}>
          <option value="">{w().all}</option>
          <option value="yes">{w().yes}</option>
          <option value="no">{w().no}</option>
        </select>
      </label>
      <label>
        {w().taken}
        <select value={filter.taken} onChange={(e) => change({ taken: e.currentTarget.value as Filter['taken'] })}>
          <option value="">{w().all}</option>
          <option value="no">{w().takenNo}</option>
          <option value="yes">{w().takenYes}</option>
        </select>
      </label>
      <Choice
        label={w().severity}
        value={filter.severity}
        options={[{ value: '', text: w().all }, ...(['critical', 'warning', 'info'] as const).map((s) => ({ value: s, text: severityText(s) }))]}
        choose={(severity) => change({ severity })}
      />
    </form>
  )
}

function Past({ incidents, areas, now }: { incidents: readonly Incident[]; areas: Areas; now: number }) {
  if (incidents.length === 0) return null
  const title = (i: Incident) => (i.cause === 'rule' && i.name ? ruleTitle(i.name) : causeText(i.cause))
  return (
    <details>
      <summary>{w().past(number(incidents.length))}</summary>
      <ul class="members">
        {incidents.slice(0, 100).map((i) => (
          <li key={i.id} class="row">
            <Badge tone="good">{w().over(ago(i.until!, now))}</Badge>
            <span>{[title(i), i.area && areas.name(i.area), i.device].filter(Boolean).join(' · ')}</span>
            <span class="quiet">{dateTime(i.since)} – {dateTime(i.until)}</span>
          </li>
        ))}
      </ul>
    </details>
  )
}

// The log of changes: who did what, when and from where, and what came of it.
import { useLocation } from 'preact-iso'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Problem, answer, api, type Schemas } from '../../api/client'
import { useData } from '../../api/data'
import { clock, date, dateTime, number } from '../../format'
import { may } from '../../session'
import { Badge, Empty, Loaded, Page, ProblemNote, Progress, Table } from '../../ui'
import { words } from '../../words'
import { type AuditQuery, type Kind, addressOf, kinds, parametersOf, queryOf } from './query'
import { type Change, noteOf, resultOf, roleText, sentenceOf } from './sentence'
import './audit.css'

const w = words({
  vi: {
    title: 'Nhật ký thay đổi', admin: 'Trang này dành cho quản trị viên', adminHow: 'Hãy nhờ người quản trị, hoặc đăng nhập bằng tài khoản có vai trò admin.', search: 'Tìm trong nội dung', searchHow: 'vd. thay cáp, mã cảnh báo', who: 'Ai', kind: 'Việc', all: 'Mọi việc', from: 'Từ ngày', to: 'Đến ngày', clear: 'Bỏ lọc',
    kinds: { alerts: 'Cảnh báo', cases: 'Hồ sơ vùng thiếu sóng', maintenance: 'Bảo trì', letters: 'Bản tin bị từ chối', login: 'Đăng nhập, đăng xuất' },
    when: 'Lúc', address: 'Từ địa chỉ', what: 'Đã làm gì', result: 'Kết quả', stranger: 'một tên không có tài khoản', sent: 'Nội dung đã gửi', status: (s: number) => `mã trả lời ${s}`,
    none: 'Chưa có thay đổi nào', noneHow: 'Mỗi lần đăng nhập và mỗi việc làm thay đổi hệ thống sẽ hiện ở đây.', noMatch: 'Không có thay đổi nào khớp', noMatchHow: 'Bỏ bớt điều kiện lọc, hoặc nới khoảng ngày.', noMatchYet: 'Chưa tìm thấy thay đổi nào khớp', noMatchYetHow: 'Nhật ký còn phần cũ hơn: hãy tìm tiếp.',
    more: 'Xem tiếp', further: 'Tìm tiếp về trước', seen: (t: string) => `Đã xem ngược tới ${t}.`, end: 'Đã tới đầu nhật ký.', damaged: (n: string) => `${n} dòng trong nhật ký bị hỏng, không đọc được và đã bỏ qua. Hãy kiểm tra đĩa và thư mục data/audit.`, kept: 'Mới nhất trước. Mật khẩu và mã truy cập không bao giờ được ghi lại.',
  },
  en: {
    title: 'Log of changes', admin: 'This page is for administrators', adminHow: 'Ask one, or log in with an account whose role is admin.', search: 'Search in the text', searchHow: 'e.g. cable replaced, id of an alert', who: 'Who', kind: 'Kind', all: 'All kinds', from: 'From', to: 'To', clear: 'Clear the filter',
    kinds: { alerts: 'Alerts', cases: 'Gap cases', maintenance: 'Maintenance', letters: 'Dead letters', login: 'Logins and logouts' },
    when: 'When', address: 'From where', what: 'What was done', result: 'Result', stranger: 'a name that nobody has', sent: 'What was sent', status: (s: number) => `answered ${s}`,
    none: 'Nothing was changed yet', noneHow: 'Every login, and everything that changes something, will be here.', noMatch: 'No change matches', noMatchHow: 'Take conditions away, or choose more days.', noMatchYet: 'No change that matches was found yet', noMatchYetHow: 'There is more of the log, further back: go on looking.',
    more: 'Show more', further: 'Look further back', seen: (t: string) => `Looked back to ${t}.`, end: 'That is the beginning of the log.', damaged: (n: string) => `${n} lines of the log are damaged; they cannot be read and are left out. Check the disk and the folder data/audit.`, kept: 'Newest first. Passwords and tokens are never recorded.',
  },
})

type Changes = Schemas['Changes']
const pageSize = 50

export default function Audit() {
  if (!may('administer')) {
    return (
      <Page title={w().title}>
        <Empty title={w().admin}>{w().adminHow}</Empty>
      </Page>
    )
  }
  return <Log />
}

const ask = (q: AuditQuery, after: string | undefined, signal?: AbortSignal): Promise<Changes> =>
  answer(api.GET('/api/v1/audit', { params: { query: { ...parametersOf(q), limit: pageSize, ...(after && { after }) } }, ...(signal && { signal }) }))

function Log() {
  const { query, route } = useLocation()
  const q = queryOf(query)
  const address = addressOf(q)
  const first = useData(address, (signal) => ask(q, undefined, signal))
  return (
    <Page title={w().title}>
      <Filters q={q} set={(part) => route(addressOf({ ...q, ...part }), true)} />
      <span class="quiet">{w().kept}</span>
      <Loaded data={first}>{(value) => <Parts key={address} q={q} first={value} clear={() => route('/audit', true)} />}</Loaded>
    </Page>
  )
}

function Filters({ q, set }: { q: AuditQuery; set: (part: Partial<AuditQuery>) => void }) {
  return (
    <form class="row no-print audit-filters" role="search" onSubmit={(e) => e.preventDefault()}>
      <Search label={w().search} hint={w().searchHow} value={q.q} set={(text) => set({ q: text })} />
      <Search label={w().who} value={q.who} set={(who) => set({ who })} />
      <label>
        {w().kind}
        <select value={q.kind} onChange={(e) => set({ kind: e.currentTarget.value as Kind | '' })} data-testid="audit-kind">
          <option value="">{w().all}</option>
          {(Object.keys(kinds) as Kind[]).map((k) => <option key={k} value={k}>{w().kinds[k]}</option>)}
        </select>
      </label>
      <label>
        {w().from}
        <input type="date" value={q.from} max={q.to} onChange={(e) => set({ from: e.currentTarget.value })} />
      </label>
      <label>
        {w().to}
        <input type="date" value={q.to} min={q.from} onChange={(e) => set({ to: e.currentTarget.value })} />
      </label>
    </form>
  )
}

/** A field that asks when one has stopped typing. */
function Search({ label, hint, value, set }: { label: string; hint?: string; value: string; set: (text: string) => void }) {
  const [text, type] = useState(value)
  useEffect(() => type(value), [value])
  useEffect(() => {
    if (text === value) return
    const soon = setTimeout(() => set(text), 300)
    return () => clearTimeout(soon)
  }, [text])
  return (
    <label>
      {label}
      <input type="search" value={text} maxLength={64} placeholder={hint} onInput={(e) => type(e.currentTarget.value)} />
    </label>
  )
}

function Parts({ q, first, clear }: { q: AuditQuery; first: Changes; clear: () => void }) {
  const [older, add] = useState<readonly Changes[]>([])
  const [state, set] = useState<{ busy: boolean; problem?: Problem }>({ busy: false })
  const running = useRef<AbortController>()
  useEffect(() => () => running.current?.abort(), [])
  const parts = [first, ...older]
  const last = parts.at(-1)!
  const list = parts.flatMap((p) => p.items)
  const damaged = parts.reduce((n, p) => n + p.damaged, 0)
  const more = () => {
    const controller = new AbortController()
    running.current = controller
    set({ busy: true })
    ask(q, last.next, controller.signal).then(
      (part) => {
        add([...older, part])
        set({ busy: false })
      },
      (e: unknown) => {
        if (!controller.signal.aborted) set({ busy: false, problem: e instanceof Problem ? e : new Problem(0, 'offline', String(e)) })
      },
    )
  }
  return (
    <section class="stack" data-testid="audit">
      {damaged > 0 && <div class="note warn">{w().damaged(number(damaged))}</div>}
      {list.length > 0 ? <ChangeTable list={list} /> : <Nothing filtered={addressOf(q) !== '/audit'} next={last.next} clear={clear} />}
      {state.problem && <ProblemNote problem={state.problem} again={more} />}
      {state.busy && <Progress />}
      <div class="row no-print">
        {last.next && <button type="button" disabled={state.busy} onClick={more} data-testid="audit-more">{last.items.length < pageSize ? w().further : w().more}</button>}
        {list.length > 0 && !last.next && <span class="quiet">{w().end}</span>}
        {last.next && last.items.length < pageSize && last.seen && <span class="quiet">{w().seen(dateTime(last.seen))}</span>}
      </div>
    </section>
  )
}

function Nothing({ filtered, next, clear }: { filtered: boolean; next: string | undefined; clear: () => void }) {
  if (!filtered) return <Empty title={w().none}>{w().noneHow}</Empty>
  return (
    <Empty title={next ? w().noMatchYet : w().noMatch}>
      <span>{next ? w().noMatchYetHow : w().noMatchHow}</span>
      <button type="button" onClick={clear}>{w().clear}</button>
    </Empty>
  )
}

function ChangeTable({ list }: { list: readonly Change[] }) {
  return (
    <Table
      label={w().title}
      rows={list.map((c, i) => ({ ...c, key: String(i) }))}
      rowKey={(c) => c.key}
      columns={[
        { title: w().when, cell: (c) => <time dateTime={c.at}>{date(c.at)} {clock(c.at)}</time> },
        { title: w().who, cell: (c) => (c.who ? <>{c.who}<div class="quiet">{roleText(c.role)}</div></> : <em class="quiet">{w().stranger}</em>) },
        { title: w().address, cell: (c) => <span class="quiet">{c.from}</span> },
        { title: w().what, cell: (c) => <What change={c} /> },
        { title: w().result, cell: (c) => <Result change={c} /> },
      ]}
    />
  )
}

function What({ change }: { change: Change }) {
  const s = sentenceOf(change.action)
  const note = noteOf(change.what)
  return (
    <div class="audit-what">
      {s.text} {s.subject && <a href={s.subject.href}>{s.subject.text}</a>}
      {note && <q>{note}</q>}
      {change.what && (
        <details>
          <summary class="quiet">{w().sent}</summary>
          <code>{change.action}</code>
          <pre tabIndex={0} aria-label={w().sent}>{change.what}</pre>
        </details>
      )}
    </div>
  )
}

function Result({ change }: { change: Change }) {
  const r = resultOf(change)
  return <span title={w().status(change.status)}><Badge tone={r.tone}>{r.text}</Badge></span>
}

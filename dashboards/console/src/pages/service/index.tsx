// How phusong itself does, for administrators: is everything accounted for, does each part work,
// and what was refused.
import type { ComponentChildren } from 'preact'
import { answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { ago, dateTime, number, percent } from '../../format'
import { may, session } from '../../session'
import { Badge, Empty, Loaded, Page } from '../../ui'
import { words } from '../../words'
import { type Part, type State, health, storeBehind, streamFull, worst } from './health'
import { Letters } from './letters'
import './service.css'

const w = words({
  vi: {
    title: 'Hệ thống', admin: 'Trang này dành cho quản trị viên', adminHow: 'Hãy nhờ người quản trị, hoặc đăng nhập bằng tài khoản có vai trò admin.', good: 'Tốt', warning: 'Cần theo dõi', critical: 'Hỏng', all: { good: 'Mọi bộ phận đang tốt', warning: 'Có bộ phận cần theo dõi', critical: 'Có bộ phận đang hỏng' },
    parts: { ledger: 'Sổ bản tin', broker: 'Kết nối MQTT', stream: 'Luồng bền', store: 'Kho số liệu', watcher: 'Bộ phán xét', coverage: 'Bản đồ phủ sóng' },
    balance: (r: string, s: string, x: string, wait: string) => `${r} đã nhận = ${s} đã lưu + ${x} bị từ chối + ${wait} đang chờ`, balanced: 'Sổ cân: không bản tin nào bị mất.', off: (n: string) => `Sổ lệch ${n}: đây là lỗi của phusong, hãy chạy “phusong check ledger” và báo lại.`, since: (t: string) => `Đếm từ lúc khởi động (${t}).`,
    connected: 'đã nối', lost: 'mất kết nối', subscribed: 'đã đăng ký nhận', notSubscribed: 'chưa đăng ký nhận', embedded: 'trong chương trình', outside: 'máy chủ riêng', losses: (n: string) => `mất kết nối ${n} lần`, messages: (n: string, d: string) => `${n} bản tin, ${d} bản trùng`, brokerHow: 'Kiểm tra địa chỉ mqtt.url, chứng thư và mật khẩu; thiết bị giữ bản tin cho tới khi nối lại.',
    used: (b: string, m: string, p: string) => `${b} / ${m} MB (${p})`, entries: (n: string) => `${n} mục`, streamHow: 'Kiểm tra đĩa và quyền ghi của thư mục data; chưa ghi được thì chưa báo nhận cho thiết bị.', behind: (n: string) => `chậm ${n} mục so với luồng`, upToDate: 'theo kịp luồng', answers: 'trả lời', silent: 'không trả lời', storeHow: 'Bản tin nằm lại trong luồng và được ghi khi kho trở lại.',
    clock: 'Giờ của luồng', image: 'Ảnh trạng thái lưu lúc', catching: 'đang phán xét phần còn chờ từ lúc khởi động', judged: 'Phán xét lúc', cells: (c: string, z: string) => `${c} ô, ${z} vùng đang mở`, rules: 'Bộ quy tắc', rebuilding: 'đang dựng lại từ kho', delivery: 'Gửi cảnh báo', inside: 'Alertmanager trong chương trình', outsideAM: 'Alertmanager bên ngoài', listeners: 'Trang đang nhận trực tiếp', version: 'Phiên bản', started: 'Khởi động', more: 'Khác',
    accounts: 'Tài khoản', accountsHow: 'Thêm, đổi mật khẩu, xóa tài khoản bằng dòng lệnh trên máy chủ; có hiệu lực trong hai giây.', open: 'Đang mở cho mọi người (chạy thử): ai cũng là quản trị viên.', audit: 'Mọi thay đổi và lần đăng nhập được ghi trong nhật ký thay đổi: lúc nào, ai, từ đâu, việc gì, kết quả.', toAudit: 'Xem nhật ký thay đổi',
  },
  en: {
    title: 'Service', admin: 'This page is for administrators', adminHow: 'Ask one, or log in with an account whose role is admin.', good: 'Well', warning: 'To be watched', critical: 'Broken', all: { good: 'Every part is well', warning: 'A part wants watching', critical: 'A part is broken' },
    parts: { ledger: 'Ledger', broker: 'MQTT connection', stream: 'Durable stream', store: 'Store', watcher: 'Judgement', coverage: 'Coverage map' },
    balance: (r: string, s: string, x: string, wait: string) => `${r} received = ${s} stored + ${x} rejected + ${wait} waiting`, balanced: 'It balances: nothing is lost.', off: (n: string) => `It is off by ${n}: that is a fault of phusong. Run “phusong check ledger” and report it.`, since: (t: string) => `Counted since the start (${t}).`,
    connected: 'connected', lost: 'not connected', subscribed: 'subscribed', notSubscribed: 'not subscribed', embedded: 'inside the program', outside: 'a server of its own', losses: (n: string) => `connection lost ${n} times`, messages: (n: string, d: string) => `${n} messages, ${d} duplicates`, brokerHow: 'Check mqtt.url, certificate and password; devices keep their messages until it is back.',
    used: (b: string, m: string, p: string) => `${b} of ${m} MB (${p})`, entries: (n: string) => `${n} entries`, streamHow: 'Check the disk and who may write to the data folder; what is not written is not acknowledged.', behind: (n: string) => `${n} entries behind the stream`, upToDate: 'up to date', answers: 'answers', silent: 'does not answer', storeHow: 'Readings stay in the stream and are written when the store is back.',
    clock: 'Clock of the stream', image: 'Last image kept', catching: 'judging what waited at the start', judged: 'Judged', cells: (c: string, z: string) => `${c} cells, ${z} open zones`, rules: 'Rules', rebuilding: 'being rebuilt from the store', delivery: 'Delivery of alerts', inside: 'the Alertmanager inside', outsideAM: 'an Alertmanager outside', listeners: 'Pages that are live', version: 'Version', started: 'Started', more: 'More',
    accounts: 'Accounts', accountsHow: 'Accounts are added, changed and removed on the command line of the server; it takes effect within two seconds.', open: 'Open to everybody (a demonstration): all are administrators.', audit: 'Every change and login is in the log of changes: when, who, from where, what, and the result.', toAudit: 'See the log of changes',
  },
})

export default function Service() {
  if (!may('administer')) {
    return (
      <Page title={w().title}>
        <Empty title={w().admin}>{w().adminHow}</Empty>
      </Page>
    )
  }
  return <Administration />
}

function Administration() {
  const data = useData('service', (signal) => answer(api.GET('/api/v1/service', { signal })), { every: 5000 })
  return (
    <Page title={w().title} actions={data.value && <Overall state={data.value} stale={data.problem !== undefined} />}>
      <Loaded data={data}>{(state) => <Cards s={state} />}</Loaded>
      <Letters />
      <Accounts />
    </Page>
  )
}

function Overall({ state, stale }: { state: State; stale: boolean }) {
  const tone = worst(state) as 'good' | 'warning' | 'critical'
  return stale ? null : <span data-testid="service-health"><Badge tone={tone}>{w().all[tone]}</Badge></span>
}

function Card({ s, part, children }: { s: State; part: Part; children: ComponentChildren }) {
  const tone = health(s, part) as 'good' | 'warning' | 'critical'
  return (
    <section class="card" aria-label={w().parts[part]} data-testid={`service-${part}`}>
      <div class="row between"><h2>{w().parts[part]}</h2><Badge tone={tone}>{w()[tone]}</Badge></div>
      {children}
    </section>
  )
}

const megabytes = (n: number) => number(n / 1e6, 1)

function Cards({ s }: { s: State }) {
  const full = streamFull(s)
  return (
    <div class="service-cards">
      <Ledger s={s} />
      <Card s={s} part="broker">
        <span>{s.broker.connected ? w().connected : w().lost}, {s.broker.subscribed ? w().subscribed : w().notSubscribed} · {s.broker.embedded ? w().embedded : w().outside}</span>
        <span class="quiet">{w().messages(number(s.broker.received), number(s.broker.duplicates))}{s.broker.losses > 0 && ` · ${w().losses(number(s.broker.losses))}`}</span>
        {health(s, 'broker') !== 'good' && <span>{w().brokerHow}</span>}
      </Card>
      <Card s={s} part="stream">
        <span>{w().used(megabytes(s.stream.bytes), megabytes(s.stream.max_bytes), percent(full))}</span>
        <div class={`meter ${full >= 0.8 ? 'bad' : ''}`}><span style={{ width: `${Math.min(100, 100 * full)}%` }} /></div>
        <span class="quiet">{w().entries(number(s.stream.entries))} · {s.stream.embedded ? w().embedded : w().outside}</span>
        {health(s, 'stream') === 'critical' && <span>{w().streamHow}</span>}
      </Card>
      <Card s={s} part="store">
        <span>{s.store.kind === 'sqlite' ? 'SQLite' : 'InfluxDB'} · {s.store.answers ? w().answers : w().silent}</span>
        <span class="quiet">{storeBehind(s) > 0 ? w().behind(number(storeBehind(s))) : w().upToDate}</span>
        {!s.store.answers && <span>{w().storeHow}</span>}
      </Card>
      <Card s={s} part="watcher">
        <span>{!s.watcher.caught_up ? w().catching : s.watcher.behind > 0 ? w().behind(number(s.watcher.behind)) : w().upToDate}</span>
        <span class="quiet">{w().clock}: {s.watcher.clock ? dateTime(s.watcher.clock) : '—'}</span>
        <span class="quiet">{w().image}: {s.watcher.image ? dateTime(s.watcher.image) : '—'}</span>
      </Card>
      <Card s={s} part="coverage">
        <span>{s.coverage.whole ? w().cells(number(s.coverage.cells), number(s.coverage.zones)) : w().rebuilding}</span>
        <span class="quiet">{w().judged}: {s.coverage.judged ? dateTime(s.coverage.judged) : '—'}</span>
        <span class="quiet">{w().rules}: {s.coverage.rules ?? '—'}</span>
      </Card>
      <section class="card" aria-label={w().more}>
        <h2>{w().more}</h2>
        <dl class="facts">
          <dt>{w().delivery}</dt><dd>{s.delivery === 'inside' ? w().inside : w().outsideAM}</dd>
          <dt>{w().listeners}</dt><dd>{number(s.listeners)}</dd>
          <dt>{w().version}</dt><dd>{s.version}</dd>
          <dt>{w().started}</dt><dd>{dateTime(s.started)} · {ago(s.started, Date.parse(s.at))}</dd>
        </dl>
      </section>
    </div>
  )
}

function Ledger({ s }: { s: State }) {
  const l = s.ledger
  return (
    <Card s={s} part="ledger">
      <strong data-testid="balance">{w().balance(number(l.received), number(l.stored), number(l.rejected), number(l.waiting))}</strong>
      <span>{l.difference === 0 ? w().balanced : w().off(number(l.difference))}</span>
      <span class="quiet">{w().since(dateTime(s.started))}</span>
    </Card>
  )
}

function Accounts() {
  return (
    <section class="card" aria-label={w().accounts}>
      <h2>{w().accounts}</h2>
      {session.value?.open && <div class="note warn">{w().open}</div>}
      <span>{w().accountsHow}</span>
      <pre tabIndex={0} aria-label={w().accounts}><code>{['phusong accounts list --file secrets/accounts', 'phusong accounts add lan --role operations --file secrets/accounts', 'phusong accounts password lan --file secrets/accounts', 'phusong accounts remove lan --file secrets/accounts'].join('\n')}</code></pre>
      <span class="quiet">{w().audit} <a href="/audit">{w().toAudit}</a></span>
    </section>
  )
}

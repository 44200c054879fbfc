// All devices: found by name, narrowed down by state, each one click from its own page.
import { useLocation } from 'preact-iso'
import { useEffect, useState } from 'preact/hooks'
import { answer, api, type Schemas } from '../../api/client'
import { useData } from '../../api/data'
import { line } from '../../api/live'
import { clock, number } from '../../format'
import { Badge, Choice, Empty, Loaded, Page, Table } from '../../ui'
import { type Stamped, seen, stamped } from '../../ui/stamped'
import { StateBadge, kindText, kinds, stateText } from '../../ui/states'
import { words } from '../../words'
import { useAreas } from '../alerts/useareas'
import { type DeviceQuery, addressOf, byState, parametersOf, queryOf } from './query'
import { HowToRegister } from './register'

const w = words({
  vi: {
    title: 'Thiết bị', search: 'Tìm theo tên hoặc mã', searchHow: 'vd. nha van hoa, ap-…', area: 'Địa bàn', everywhere: 'Toàn tỉnh', kind: 'Loại', all: 'Tất cả', register: 'Đăng ký', any: 'Tất cả', known: 'Đã đăng ký', strange: 'Chưa đăng ký',
    none: 'Không có thiết bị nào khớp', noneHow: 'Bỏ bớt điều kiện lọc, hoặc kiểm tra lại mã thiết bị.', clear: 'Bỏ lọc', empty: 'Chưa có thiết bị nào', emptyHow: 'Khai thiết bị trong devices.csv của danh mục, hoặc cho thiết bị gửi bản tin đầu tiên qua MQTT.',
    state: 'Trạng thái', name: 'Thiết bị', where: 'Địa bàn', last: 'Bản tin gần nhất', of: (n: string, all: string) => `${n} / ${all} thiết bị`, next: 'Trang sau', before: 'Trang trước', asOf: (t: string) => `Số liệu lúc ${t}`,
    off: 'Mất kết nối trực tiếp: trạng thái có thể đã cũ', counts: 'Số thiết bị theo trạng thái', flapping: 'chập chờn', unregistered: 'chưa đăng ký', site: 'Chỉ một địa điểm', allSites: 'Bỏ lọc địa điểm',
    allFine: 'Không còn thiết bị nào chưa đăng ký', allFineHow: 'Mọi thiết bị đang gửi bản tin đều có trong danh mục.',
  },
  en: {
    title: 'Devices', search: 'Search by name or id', searchHow: 'e.g. nha van hoa, ap-…', area: 'Area', everywhere: 'Whole province', kind: 'Kind', all: 'All', register: 'Registration', any: 'All', known: 'Registered', strange: 'Unregistered',
    none: 'No device matches', noneHow: 'Take conditions away, or check the id.', clear: 'Clear the filter', empty: 'There are no devices yet', emptyHow: 'Enter them in devices.csv of the registry, or let one send its first message over MQTT.',
    state: 'State', name: 'Device', where: 'Area', last: 'Last message', of: (n: string, all: string) => `${n} of ${all} devices`, next: 'Next page', before: 'Previous page', asOf: (t: string) => `As of ${t}`,
    off: 'Not live: states may be old', counts: 'Devices by state', flapping: 'flapping', unregistered: 'unregistered', site: 'One site only', allSites: 'All sites',
    allFine: 'Every device is registered', allFineHow: 'All that send are in the registry.',
  },
})

type Device = Schemas['Device']
const pageSize = 50
/** Last messages are loaded again this often; states arrive by themselves. */
const refresh = 30_000

export default function Devices() {
  const { query, route } = useLocation()
  const q = queryOf(query)
  const [pages, turn] = useState<string[]>([])
  const address = addressOf(q)
  useEffect(() => turn([]), [address])
  const after = pages.at(-1)
  const list = useData(
    address + ' ' + after,
    (signal) => stamped(answer(api.GET('/api/v1/devices', { params: { query: { ...parametersOf(q), limit: pageSize, ...(after ? { after } : {}) } }, signal }))),
    { on: ['device'], every: refresh },
  )
  const set = (part: Partial<DeviceQuery>) => route(addressOf({ ...q, ...part }), true)
  return (
    <Page title={w().title} actions={<AsOf data={list.value} problem={list.problem !== undefined} />}>
      <Filters q={q} set={set} />
      <Counts q={q} set={set} />
      {q.registered === 'false' && <HowToRegister />}
      <Loaded data={list}>
        {({ value, at }) =>
          value.items.length === 0 ? (
            <Nothing q={q} clear={() => route('/devices', true)} />
          ) : (
            <>
              <DeviceTable list={value.items} at={at} open={(d) => route(`/devices/${encodeURIComponent(d.id)}`)} />
              <nav class="row no-print" aria-label={w().title}>
                <button disabled={pages.length === 0} onClick={() => turn(pages.slice(0, -1))}>{w().before}</button>
                <span class="quiet" data-testid="devices-total">{w().of(`${number(pages.length * pageSize + 1)}–${number(pages.length * pageSize + value.items.length)}`, number(value.total))}</span>
                <button disabled={!value.next} onClick={() => value.next && turn([...pages, value.next])}>{w().next}</button>
              </nav>
            </>
          )
        }
      </Loaded>
    </Page>
  )
}

function AsOf({ data, problem }: { data: Stamped<unknown> | undefined; problem: boolean }) {
  if (problem || line.value !== 'live') return <Badge tone="warning">{w().off}</Badge>
  return data ? <span class="quiet">{w().asOf(clock(data.at))}</span> : null
}

function Filters({ q, set }: { q: DeviceQuery; set: (part: Partial<DeviceQuery>) => void }) {
  const areas = useAreas()
  const [text, type] = useState(q.q)
  useEffect(() => type(q.q), [q.q])
  useEffect(() => {
    if (text === q.q) return
    const soon = setTimeout(() => set({ q: text }), 300)
    return () => clearTimeout(soon)
  }, [text])
  return (
    <form class="row no-print" role="search" onSubmit={(e) => (e.preventDefault(), set({ q: text }))}>
      <label>
        {w().search}
        <input type="search" value={text} maxLength={100} placeholder={w().searchHow} onInput={(e) => type(e.currentTarget.value)} data-testid="device-search" />
      </label>
      <label>
        {w().area}
        <select value={q.area} onChange={(e) => set({ area: e.currentTarget.value })}>
          <option value="">{w().everywhere}</option>
          {areas.list.map((a) => <option key={a.code} value={a.code}>{a.name}</option>)}
        </select>
      </label>
      <label>
        {w().register}
        <select value={q.registered} onChange={(e) => set({ registered: e.currentTarget.value as DeviceQuery['registered'] })}>
          <option value="">{w().any}</option>
          <option value="true">{w().known}</option>
          <option value="false">{w().strange}</option>
        </select>
      </label>
      <Choice label={w().kind} value={q.kind} options={[{ value: '', text: w().all }, ...kinds.map((k) => ({ value: k, text: kindText(k) }))]} choose={(kind) => set({ kind })} />
      {q.site && <button type="button" onClick={() => set({ site: '' })}>{w().site}: {q.site} ✕ <span class="visually-hidden">{w().allSites}</span></button>}
    </form>
  )
}

function Counts({ q, set }: { q: DeviceQuery; set: (part: Partial<DeviceQuery>) => void }) {
  const counts = useData('counts ' + q.area, (signal) => answer(api.GET('/api/v1/device-states', { params: { query: q.area ? { area: q.area } : {} }, signal })), { on: ['device'] })
  const list = byState(counts.value ?? [], q.kind)
  if (list.length === 0) return null
  return (
    <div class="row no-print" role="group" aria-label={w().counts} data-testid="device-counts">
      {list.map(({ state, count }) => (
        <button key={state} type="button" aria-pressed={q.state === state} class={q.state === state ? 'main' : ''} onClick={() => set({ state: q.state === state ? '' : state })}>
          {stateText(state)} <strong>{number(count)}</strong>
        </button>
      ))}
    </div>
  )
}

function DeviceTable({ list, at, open }: { list: Device[]; at: number; open: (d: Device) => void }) {
  const areas = useAreas()
  return (
    <Table
      label={w().title}
      rows={list}
      rowKey={(d) => d.id}
      open={open}
      columns={[
        { title: w().state, cell: (d) => <span class="row"><StateBadge state={d.state} />{d.flapping && <Badge tone="warning">{w().flapping}</Badge>}</span> },
        {
          title: w().name,
          cell: (d) => (
            <>
              <a href={`/devices/${encodeURIComponent(d.id)}`} onClick={(e) => e.stopPropagation()}>{d.name || d.id}</a>
              {d.name && <div class="quiet">{d.id}</div>}
              {!d.registered && <Badge tone="warning">{w().unregistered}</Badge>}
            </>
          ),
        },
        { title: w().kind, cell: (d) => kindText(d.kind) },
        { title: w().where, cell: (d) => (d.area ? areas.name(d.area) : '—') },
        { title: w().last, cell: (d) => seen(d.last_seen, at) },
      ]}
    />
  )
}

function Nothing({ q, clear }: { q: DeviceQuery; clear: () => void }) {
  if (addressOf(q) === '/devices') return <Empty title={w().empty}>{w().emptyHow}</Empty>
  if (addressOf({ ...q, registered: '' }) === '/devices' && q.registered === 'false') return <Empty title={w().allFine}>{w().allFineHow}</Empty>
  return (
    <Empty title={w().none}>
      <span>{w().noneHow}</span>
      <button type="button" onClick={clear}>{w().clear}</button>
    </Empty>
  )
}

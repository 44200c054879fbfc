// One device: what it is, how it does, what it said last, and how that went over time.
import { useRoute } from 'preact-iso'
import { useState } from 'preact/hooks'
import { answer, api, type Schemas } from '../../api/client'
import { useData } from '../../api/data'
import { line } from '../../api/live'
import { fieldName, fieldValue } from '../../fields'
import { ago, dateTime, duration, number, percent } from '../../format'
import { Badge, Choice, Empty, Loaded, Page, Table } from '../../ui'
import { mapLink } from '../../ui/maplink'
import { type Range, rangeLabel, rangeOptions } from '../../ui/ranges'
import { SeriesChart } from '../../ui/serieschart'
import { seen, stamped } from '../../ui/stamped'
import { SiteBadge, StateBadge, kindText, reasonText } from '../../ui/states'
import { words } from '../../words'
import { severityText, severityTone, titleOf } from '../alerts/titles'
import { useAreas } from '../alerts/useareas'
import { chartable } from './chartable'
import './devices.css'
import { HowToRegister } from './register'

const w = words({
  vi: {
    title: 'Thiết bị', back: 'Tất cả thiết bị', map: 'Xem trên bản đồ', air: 'Xem trang môi trường', facts: 'Thông tin', id: 'Mã', kind: 'Loại', model: 'Kiểu máy', site: 'Địa điểm', area: 'Địa bàn', parent: 'Nối qua', interval: 'Chu kỳ gửi', since: (t: string) => `từ ${t}`,
    last: 'Bản tin gần nhất', position: 'Tọa độ', state: 'Trạng thái', flapping: 'chập chờn', unregistered: 'chưa đăng ký', old: 'Mất kết nối trực tiếp: đây là tình trạng lúc tải trang.', service: 'Phục vụ', month: 'Có dịch vụ trong tháng', monthKnown: (s: string) => `biết được ${s} thời gian`,
    speed: 'Tốc độ đo gần nhất', slow: 'chậm', overloaded: 'quá tải', capacity: 'Sức chứa', people: (n: string) => `${n} máy`, latest: 'Giá trị gần nhất', field: 'Đại lượng', value: 'Giá trị', readingAt: (t: string) => `Bản tin lúc ${t}`, late: 'đến muộn', clockFlag: 'đồng hồ thiết bị sai, lấy giờ nhận',
    noReading: 'Chưa lưu bản tin nào của thiết bị này', noReadingHow: 'Kiểm tra nguồn điện, địa chỉ MQTT và mã thiết bị trong chủ đề; bản tin bị từ chối nằm ở trang Hệ thống.', charts: 'Diễn biến', alerts: 'Cảnh báo đang có', noAlerts: 'Không có cảnh báo nào về thiết bị này.', near: 'Cùng địa điểm', nearNone: 'Không có thiết bị nào khác ở địa điểm này.', incident: 'Thuộc sự cố', doubtful: 'nghi ngờ',
  },
  en: {
    title: 'Device', back: 'All devices', map: 'On the map', air: 'Environment page', facts: 'Facts', id: 'Id', kind: 'Kind', model: 'Model', site: 'Site', area: 'Area', parent: 'Connected through', interval: 'Interval', since: (t: string) => `since ${t}`,
    last: 'Last message', position: 'Position', state: 'State', flapping: 'flapping', unregistered: 'unregistered', old: 'Not live: this is how it was when the page was loaded.', service: 'Service', month: 'Gave service this month', monthKnown: (s: string) => `${s} of the time is known`,
    speed: 'Latest speed tests', slow: 'slow', overloaded: 'overloaded', capacity: 'Capacity', people: (n: string) => `${n} clients`, latest: 'Latest values', field: 'Quantity', value: 'Value', readingAt: (t: string) => `Reading of ${t}`, late: 'came late', clockFlag: 'its clock is wrong, ours is taken',
    noReading: 'No reading of this device is stored', noReadingHow: 'Check its power, the MQTT address and the id in its topic; refused messages are on the Service page.', charts: 'Over time', alerts: 'Alerts now', noAlerts: 'There is no alert about this device.', near: 'At the same site', nearNone: 'There is no other device at this site.', incident: 'Part of incident', doubtful: 'in doubt',
  },
})

type Story = Schemas['DeviceStory']
const refresh = 30_000

export default function Device() {
  const id = useRoute().params['id'] ?? ''
  const data = useData(id, (signal) => stamped(answer(api.GET('/api/v1/devices/{device}', { params: { path: { device: id } }, signal }))), { on: ['device'], every: refresh })
  const d = data.value?.value
  return (
    <Page
      title={d?.name || id || w().title}
      actions={
        <>
          {d && d.lat !== undefined && <a class="button" href={mapLink({ device: d.id, lat: d.lat, lon: d.lon ?? 0, zoom: 15 })} data-testid="device-on-map">{w().map}</a>}
          {d?.kind === 'environment' && <a class="button" href={`/environment?station=${encodeURIComponent(d.id)}`}>{w().air}</a>}
          <a class="button" href="/devices">{w().back}</a>
        </>
      }
    >
      <Loaded data={data}>{({ value, at }) => <Body d={value} at={at} />}</Loaded>
    </Page>
  )
}

function Body({ d, at }: { d: Story; at: number }) {
  return (
    <>
      {line.value !== 'live' && <div class="note warn">{w().old}</div>}
      {!d.registered && <HowToRegister id={d.id} kind={d.kind} area={d.area ?? ''} />}
      <div class="device-cards">
        <Facts d={d} at={at} />
        <Latest d={d} at={at} />
      </div>
      <AlertsOf device={d.id} />
      <Charts d={d} />
      {d.site && <Neighbours d={d} />}
    </>
  )
}

function Facts({ d, at }: { d: Story; at: number }) {
  const areas = useAreas()
  const ap = d.access_point
  return (
    <section class="card" aria-label={w().facts} data-testid="device-facts">
      <h2>{w().facts}</h2>
      <dl class="facts">
        <dt>{w().state}</dt>
        <dd class="row">
          <StateBadge state={d.state} />
          {d.since && <span class="quiet">{w().since(dateTime(d.since))}</span>}
          {d.flapping && <Badge tone="warning">{w().flapping}</Badge>}
          {!d.registered && <Badge tone="warning">{w().unregistered}</Badge>}
        </dd>
        <dt>{w().last}</dt>
        <dd>{seen(d.last_seen, at)}</dd>
        {ap && <AccessPoint ap={ap} />}
        <dt>{w().kind}</dt>
        <dd>{kindText(d.kind)}</dd>
        <dt>{w().id}</dt>
        <dd><code>{d.id}</code></dd>
        {d.model && (<><dt>{w().model}</dt><dd>{d.model}</dd></>)}
        {d.site && (<><dt>{w().site}</dt><dd><a href={mapLink({ site: d.site })}>{d.site_name || d.site}</a></dd></>)}
        {d.area && (<><dt>{w().area}</dt><dd>{areas.name(d.area)}</dd></>)}
        {d.parent && (<><dt>{w().parent}</dt><dd><a href={`/devices/${encodeURIComponent(d.parent)}`}>{d.parent}</a></dd></>)}
        {d.interval_s > 0 && (<><dt>{w().interval}</dt><dd>{duration(d.interval_s)}</dd></>)}
        {d.lat !== undefined && (<><dt>{w().position}</dt><dd>{number(d.lat, 5)}; {number(d.lon, 5)}</dd></>)}
        {d.incident && (<><dt>{w().incident}</dt><dd><a href="/alerts">{d.incident}</a></dd></>)}
      </dl>
    </section>
  )
}

function AccessPoint({ ap }: { ap: Schemas['AccessPoint'] }) {
  return (
    <>
      <dt>{w().service}</dt>
      <dd class="row">
        <SiteBadge verdict={ap.verdict} />
        <span>{reasonText(ap.reason)}</span>
        {ap.overloaded && <Badge tone="warning">{w().overloaded}</Badge>}
        {ap.slow && <Badge tone="warning">{w().slow}</Badge>}
      </dd>
      {ap.month_share !== undefined && (<><dt>{w().month}</dt><dd>{percent(ap.month_share, 2)} <span class="quiet">({w().monthKnown(percent(ap.month_known, 1))})</span></dd></>)}
      {ap.mbps !== undefined && (<><dt>{w().speed}</dt><dd>{number(ap.mbps, 1)} Mbit/s</dd></>)}
      {ap.capacity ? (<><dt>{w().capacity}</dt><dd>{w().people(number(ap.capacity))}</dd></>) : null}
    </>
  )
}

/** Which values of an environment sensor judgement believes; those of others are taken as they are. */
function useTrust(d: Story): (field: string) => boolean {
  const station = useData(d.kind === 'environment' ? 'trust ' + d.id : undefined, (signal) => answer(api.GET('/api/v1/environment/stations/{device}', { params: { path: { device: d.id } }, signal })), { every: refresh })
  const s = station.value
  return (field) => !s || !s.quantities.includes(field) || s.facts[field] !== undefined
}

const clockFlags = new Set(['no_time', 'clock_ahead', 'clock_behind'])

function Latest({ d, at }: { d: Story; at: number }) {
  const latest = d.latest
  const trusted = useTrust(d)
  if (!latest) return <section class="card"><Empty title={w().noReading}>{w().noReadingHow}</Empty></section>
  return (
    <section class="card">
      <h2>{w().latest}</h2>
      <div class="row">
        <span class="quiet">{w().readingAt(dateTime(latest.time))} · {ago(latest.time, at)}</span>
        {latest.flags.includes('late') && <Badge tone="info">{w().late}</Badge>}
        {latest.flags.some((f) => clockFlags.has(f)) && <Badge tone="warning">{w().clockFlag}</Badge>}
      </div>
      <Table label={w().latest} rows={latest.values} rowKey={(v) => v.field} columns={[{ title: w().field, cell: (v) => fieldName(v.field) }, { title: w().value, number: true, cell: (v) => <>{!trusted(v.field) && <Badge tone="warning">{w().doubtful}</Badge>} {fieldValue(v)}</> }]} />
    </section>
  )
}

function AlertsOf({ device }: { device: string }) {
  const data = useData('alerts of ' + device, (signal) => answer(api.GET('/api/v1/alerts', { params: { query: { device, limit: 20 } }, signal })), { on: ['alert'] })
  return (
    <section class="card" aria-label={w().alerts}>
      <h2>{w().alerts}</h2>
      <Loaded data={data}>
        {(page) =>
          page.items.length === 0 ? (
            <span class="quiet">{w().noAlerts}</span>
          ) : (
            page.items.map((a) => (
              <div class="row" key={a.id}>
                <Badge tone={severityTone(a.severity)}>{severityText(a.severity)}</Badge>
                <a href={`/alerts/${encodeURIComponent(a.id)}`}>{titleOf(a)}</a>
                <span class="quiet">{dateTime(a.since)}</span>
              </div>
            ))
          )
        }
      </Loaded>
    </section>
  )
}

function Charts({ d }: { d: Story }) {
  const [range, choose] = useState<Range>('24h')
  const fields = chartable(d.kind, d.latest?.values ?? [])
  if (fields.length === 0) return null
  return (
    <section class="stack" aria-label={w().charts} data-testid="device-charts">
      <div class="row">
        <h2>{w().charts}</h2>
        <Choice label={rangeLabel()} value={range} options={rangeOptions()} choose={choose} />
      </div>
      <div class="device-charts">
        {fields.map((field) => (
          <div class="card" key={field}>
            <h3>{fieldName(field)}</h3>
            <SeriesChart kind={d.kind} device={d.id} field={field} range={range} interval={d.interval_s} aggregate={field === 'rain_mm' ? 'sum' : 'mean'} />
          </div>
        ))}
      </div>
    </section>
  )
}

function Neighbours({ d }: { d: Story }) {
  const data = useData('near ' + d.site, (signal) => stamped(answer(api.GET('/api/v1/devices', { params: { query: { site: d.site, limit: 50 } }, signal }))), { on: ['device'] })
  return (
    <section class="stack">
      <h2>{w().near}</h2>
      <Loaded data={data}>
        {({ value, at }) => {
          const others = value.items.filter((x) => x.id !== d.id)
          if (others.length === 0) return <span class="quiet">{w().nearNone}</span>
          return (
            <Table
              label={w().near}
              rows={others}
              rowKey={(x) => x.id}
              columns={[
                { title: w().state, cell: (x) => <StateBadge state={x.state} /> },
                { title: w().title, cell: (x) => <a href={`/devices/${encodeURIComponent(x.id)}`}>{x.name || x.id}</a> },
                { title: w().kind, cell: (x) => kindText(x.kind) },
                { title: w().last, cell: (x) => seen(x.last_seen, at) },
              ]}
            />
          )
        }}
      </Loaded>
    </section>
  )
}

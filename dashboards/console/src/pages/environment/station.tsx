// One station: its index and why, what to do, how the hours went, and what not to believe.
import { useMemo, useState } from 'preact/hooks'
import { answer, api, type Schemas } from '../../api/client'
import { type Data, useData } from '../../api/data'
import { fieldName, scaleOf } from '../../fields'
import { date, dateTime, number, percent } from '../../format'
import { Choice, Loaded, Page, Table } from '../../ui'
import { Chart } from '../../ui/chart'
import { mapLink } from '../../ui/maplink'
import { type Range, rangeLabel, rangeOptions } from '../../ui/ranges'
import { SeriesChart } from '../../ui/serieschart'
import { language, words } from '../../words'
import { useAreas } from '../alerts/useareas'
import { type Pollutant, type Scale, bandOf, fieldOf, grounds, inWords, noiseLimit, pollutants } from './air'
import './environment.css'
import { exceededText, hourLines } from './hours'
import { Advice, Flags, IndexChip, Standing } from './parts'

const w = words({
  vi: {
    title: 'Trạm môi trường', back: 'Tất cả trạm', map: 'Xem trên bản đồ', device: 'Trang thiết bị', now: 'Hiện tại', hour: (t: string) => `giờ bắt đầu lúc ${t}`, why: 'Chỉ số theo từng chất', main: 'chất quyết định', trend: 'VN_AQI từng giờ, ba ngày', corrected: (n: string) => `${n} giờ đã được tính lại vì số liệu đến muộn`,
    pollutant: 'Chất', days: 'Theo ngày', day: 'Ngày', index: 'VN_AQI ngày', exceeded: 'Vượt QCVN 05:2023', rain: 'Mưa', noise: 'Ồn ngày / đêm', noneExceeded: 'không', values: 'Số liệu đo', quality: 'Chất lượng số liệu', score: 'Dùng được trong 24 giờ', complete: 'Đến đủ trong 24 giờ', last: 'Bản tin gần nhất',
    noiseLimit: (v: string) => `giới hạn ${v} dB(A)`, replaced: 'theo quy chuẩn đã được thay, chỉ để tham khảo', limits: 'Mức báo động', where: 'Địa bàn', zone: 'Khu vực ồn', special: 'đặc biệt', common: 'thông thường', partial: (h: string) => `${h} giờ đủ số liệu`, charts: 'Diễn biến số liệu', suspect: 'Giá trị bị nghi ngờ không được dùng để tính chỉ số và không gây cảnh báo; số gốc vẫn được lưu.',
    unregistered: 'Trạm chưa có trong danh mục: không rõ chu kỳ gửi, nên chưa biết số liệu có đủ không.',
  },
  en: {
    title: 'Station', back: 'All stations', map: 'On the map', device: 'Device page', now: 'Now', hour: (t: string) => `hour that began at ${t}`, why: 'Index by pollutant', main: 'makes the index', trend: 'VN_AQI by hour, three days', corrected: (n: string) => `${n} hours were corrected because readings came late`,
    pollutant: 'Pollutant', days: 'By day', day: 'Day', index: 'VN_AQI of the day', exceeded: 'Exceeded QCVN 05:2023', rain: 'Rain', noise: 'Noise day / night', noneExceeded: 'none', values: 'Values', quality: 'Quality of the data', score: 'Usable in 24 hours', complete: 'Came in 24 hours', last: 'Last message',
    noiseLimit: (v: string) => `limit ${v} dB(A)`, replaced: 'of a rule that has been replaced: a yardstick only', limits: 'Alarm levels', where: 'Area', zone: 'Noise zone', special: 'special', common: 'common', partial: (h: string) => `${h} hours with enough readings`, charts: 'Over time', suspect: 'Values in doubt enter no index and raise no alert; the raw ones are kept.',
    unregistered: 'The station is not in the registry: its interval is unknown, and so is whether its data are complete.',
  },
})

type Story = Schemas['StationStory']

export function StationPage({ id, scale }: { id: string; scale: Data<Scale> }) {
  const data = useData('station ' + id, (signal) => answer(api.GET('/api/v1/environment/stations/{device}', { params: { path: { device: id } }, signal })), { every: 60_000 })
  const s = data.value
  return (
    <Page
      title={s?.name || id || w().title}
      actions={
        <>
          {s && s.lat !== undefined && <a class="button" href={mapLink({ device: s.id, lat: s.lat, lon: s.lon ?? 0, zoom: 14 })}>{w().map}</a>}
          <a class="button" href={`/devices/${encodeURIComponent(id)}`}>{w().device}</a>
          <a class="button" href="/environment">{w().back}</a>
        </>
      }
    >
      <Loaded data={scale}>{(sc) => <Loaded data={data}>{(story) => <Body s={story} scale={sc} />}</Loaded>}</Loaded>
    </Page>
  )
}

function Body({ s, scale }: { s: Story; scale: Scale }) {
  const air = s.quantities.some((q) => pollutants.some((p) => fieldOf(p) === q))
  return (
    <>
      {!s.registered && <div class="note warn">{w().unregistered}</div>}
      {(s.flags.length > 0 || s.suspicions.length > 0) && (
        <div class="note warn stack" data-testid="station-flags">
          <span class="row"><Flags scale={scale} station={s} /></span>
          <span>{w().suspect}</span>
        </div>
      )}
      <div class="station-cards">
        {air && <AirNow s={s} scale={scale} />}
        <Facts s={s} scale={scale} />
      </div>
      {air && <AirCharts s={s} scale={scale} />}
      {s.days.length > 0 && <Days s={s} scale={scale} />}
      <Values s={s} scale={scale} />
    </>
  )
}

function AirNow({ s, scale }: { s: Story; scale: Scale }) {
  return (
    <section class="card" aria-label={w().why} data-testid="station-air">
      <div class="row"><IndexChip scale={scale} of={s} large /> <Standing scale={scale} station={s} /></div>
      {s.band && <span class="quiet">{w().hour(dateTime(s.hour))}</span>}
      {s.subs && (
        <div class="subindex">
          {pollutants.flatMap((p) => (s.subs?.[p] === undefined ? [] : [<SubIndex key={p} name={fieldName(fieldOf(p))} value={s.subs[p]} scale={scale} main={p === s.main} />]))}
        </div>
      )}
      <Advice scale={scale} band={s.band} />
    </section>
  )
}

function SubIndex({ name, value, scale, main }: { name: string; value: number; scale: Scale; main: boolean }) {
  const band = scale.bands.find((b) => value <= b.up_to) ?? scale.bands.at(-1)
  return (
    <>
      <span>{name}</span>
      <span class="bar"><span style={{ width: `${Math.min(100, value / 3)}%`, background: band?.color ?? 'none' }} /></span>
      <span class="number">{number(value)} {main && <strong>({w().main})</strong>}</span>
    </>
  )
}

function Facts({ s, scale }: { s: Story; scale: Scale }) {
  const areas = useAreas()
  const limit = noiseLimit(scale, s.noise_zone, new Date())
  const shown = s.quantities.filter((q) => q !== 'battery_v')
  return (
    <section class="card" aria-label={w().now}>
      <h2>{w().now}</h2>
      <dl class="facts">
        {shown.map((q) => {
          const v = s.facts[q]
          const { unit, digits } = scaleOf(q, units[q])
          return (<><dt key={q}>{fieldName(q)}</dt><dd>{v === undefined ? '—' : `${number(v, digits)} ${unit}`}{q === 'noise_dba' && limit && <span class="quiet"> ({w().noiseLimit(number(limit.dba))}{limit.replaced ? `; ${w().replaced}` : ''})</span>}</dd></>)
        })}
        {s.facts['heat_band'] !== undefined && (<><dt>{language.value === 'vi' ? 'Chỉ số nhiệt' : 'Heat index'}</dt><dd>{number(s.facts['heat_index_c'], 1)} °C · {inWords(scale.heat[s.facts['heat_band']], language.value)}</dd></>)}
        {s.facts['water_alarm'] !== undefined && s.water_alarms_m.length > 0 && (<><dt>{w().limits}</dt><dd>{inWords(scale.water[s.facts['water_alarm']], language.value)} <span class="quiet">({s.water_alarms_m.map((m) => number(m, 2)).join(' / ')} m)</span></dd></>)}
        {s.area && (<><dt>{w().where}</dt><dd>{areas.name(s.area)}</dd></>)}
        {s.quantities.includes('noise_dba') && (<><dt>{w().zone}</dt><dd>{w()[s.noise_zone]}</dd></>)}
        <dt>{w().last}</dt><dd>{dateTime(s.last_seen)}</dd>
        {s.facts['score'] !== undefined && (<><dt>{w().score}</dt><dd>{percent(s.facts['score'] / 100)}</dd></>)}
        {s.facts['completeness'] !== undefined && (<><dt>{w().complete}</dt><dd>{percent(s.facts['completeness'])}</dd></>)}
      </dl>
    </section>
  )
}

const units: Record<string, string> = {
  pm25_ugm3: 'µg/m³', pm10_ugm3: 'µg/m³', no2_ugm3: 'µg/m³', so2_ugm3: 'µg/m³', co_ugm3: 'µg/m³', o3_ugm3: 'µg/m³', noise_dba: 'dB(A)', temperature_c: '°C', humidity_pct: '%', pressure_hpa: 'hPa', rain_mm: 'mm', water_level_m: 'm', wind_ms: 'm/s', uv_index: '',
}

function AirCharts({ s, scale }: { s: Story; scale: Scale }) {
  const has = pollutants.filter((p) => s.quantities.includes(fieldOf(p)))
  const [wanted, choose] = useState<Pollutant>()
  const p = wanted && has.includes(wanted) ? wanted : (has[0] ?? 'pm25')
  const l = language.value
  const index = useMemo(() => [{ label: 'VN_AQI', kind: 'steps' as const, color: '--text', points: s.hours.flatMap((h) => (h.band ? [{ time: h.start, value: h.index }] : [])) }], [s.hours])
  const lines = useMemo(() => hourLines(s.hours, p, l), [s.hours, p, l])
  const limits = scale.limits.filter((x) => x.pollutant === p && x.period !== '1y').map((x) => ({ value: x.limit_ugm3, label: `QCVN ${x.period}`, color: x.period === '24h' ? '--critical' : '--high' }))
  const corrected = s.hours.filter((h) => h.changed).length
  const high = Math.max(100, ...s.hours.map((h) => h.index))
  return (
    <div class="station-cards">
      <section class="card" aria-label={w().trend}>
        <h2>{w().trend}</h2>
        <Chart title={w().trend} lines={index} digits={0} step={3600} range={[0, high]} bands={grounds(scale)} testid="chart-aqi" />
        {corrected > 0 && <span class="quiet">{w().corrected(number(corrected))}</span>}
      </section>
      <section class="card" aria-label={fieldName(fieldOf(p))}>
        <div class="row"><Choice label={w().pollutant} value={p} options={has.map((x) => ({ value: x, text: fieldName(fieldOf(x)) }))} choose={choose} /></div>
        <Chart title={fieldName(fieldOf(p))} lines={lines} unit="µg/m³" step={3600} limits={limits} testid="chart-pollutant" />
      </section>
    </div>
  )
}

function Days({ s, scale }: { s: Story; scale: Scale }) {
  const level = (v: number | undefined) => (v === undefined ? '—' : number(v, 1))
  return (
    <section class="stack">
      <h2>{w().days}</h2>
      <Table
        label={w().days}
        rows={s.days}
        rowKey={(d) => d.day}
        columns={[
          { title: w().day, cell: (d) => date(d.day) },
          { title: w().index, cell: (d) => <span class="row"><IndexChip scale={scale} of={d} />{bandOf(scale, d.band) && <span class="quiet">{w().partial(number(d.dust_hours))}</span>}</span> },
          { title: w().exceeded, cell: (d) => (d.exceeded.length === 0 ? w().noneExceeded : d.exceeded.map((x) => <div key={x.pollutant + x.period}>{exceededText(x, language.value)}</div>)) },
          { title: w().noise, cell: (d) => (d.day_dba === undefined && d.night_dba === undefined ? '—' : `${level(d.day_dba)} / ${level(d.night_dba)} dB(A)`) },
          { title: w().rain, number: true, cell: (d) => (s.quantities.includes('rain_mm') ? `${number(d.rain_mm, 1)} mm` : '—') },
        ]}
      />
    </section>
  )
}

const order = ['water_level_m', 'rain_mm', 'noise_dba', 'temperature_c', 'humidity_pct', 'wind_ms', 'pressure_hpa', 'uv_index']

function Values({ s, scale }: { s: Story; scale: Scale }) {
  const [range, choose] = useState<Range>('24h')
  const fields = order.filter((f) => s.quantities.includes(f))
  if (fields.length === 0) return null
  const noise = noiseLimit(scale, s.noise_zone, new Date())
  const limits = (field: string) => {
    if (field === 'water_level_m') return s.water_alarms_m.flatMap((m, i) => (m > 0 ? [{ value: m, label: inWords(scale.water[i + 1], language.value), color: ['--warning', '--high', '--critical'][i]! }] : []))
    return field === 'noise_dba' && noise ? [{ value: noise.dba, label: w().noiseLimit(number(noise.dba)), color: '--high' }] : []
  }
  return (
    <section class="stack" aria-label={w().charts}>
      <div class="row"><h2>{w().charts}</h2><Choice label={rangeLabel()} value={range} options={rangeOptions()} choose={choose} /></div>
      <div class="station-cards">
        {fields.map((field) => (
          <div class="card" key={field}>
            <h3>{fieldName(field)}</h3>
            <SeriesChart kind="environment" device={s.id} field={field} range={range} aggregate={field === 'rain_mm' ? 'sum' : 'mean'} limits={limits(field)} />
          </div>
        ))}
      </div>
    </section>
  )
}

// One table for each question; a row leads to its station.
import { useLocation } from 'preact-iso'
import { fieldName } from '../../fields'
import { clock, number, percent } from '../../format'
import { Badge, type Column, Table } from '../../ui'
import { language, words } from '../../words'
import { type AreaAir, type Scale, type Station, byArea, inWords, noiseLimit } from './air'
import { Flags, IndexChip, Standing } from './parts'

const w = words({
  vi: {
    station: 'Trạm', index: 'VN_AQI', main: 'Chất chính', limit: 'So với giới hạn', over: 'vượt', where: 'Địa bàn', notes: 'Ghi chú', last: 'Bản tin', stations: 'Số trạm', worst: 'Nơi xấu nhất', level: 'Mực nước', alarm: 'Báo động', rise: 'Tốc độ lên', rain1: 'Mưa 1 giờ', rain24: 'Mưa 24 giờ',
    noLevels: 'chưa khai mức báo động', hourly: 'LAeq 1 giờ', now: 'Hiện tại', excess: 'So với giới hạn', zone: 'Khu vực', special: 'đặc biệt (trường, y tế)', common: 'thông thường', feels: 'Chỉ số nhiệt', care: 'Mức', temperature: 'Nhiệt độ', humidity: 'Độ ẩm', score: 'Dùng được', complete: 'Đủ số liệu', levels: (a: string) => `I–III: ${a} m`,
    replaced: 'Giới hạn ồn theo QCVN 26:2010; quy chuẩn mới đã thay, chỉ để tham khảo.', missing: 'không rõ',
  },
  en: {
    station: 'Station', index: 'VN_AQI', main: 'Main pollutant', limit: 'Of the limit', over: 'exceeded', where: 'Area', notes: 'Notes', last: 'Message', stations: 'Stations', worst: 'Worst place', level: 'Water level', alarm: 'Alarm', rise: 'Rate of rise', rain1: 'Rain 1 h', rain24: 'Rain 24 h',
    noLevels: 'no alarm levels registered', hourly: 'LAeq 1 h', now: 'Now', excess: 'Against the limit', zone: 'Zone', special: 'special (school, health care)', common: 'common', feels: 'Heat index', care: 'Band', temperature: 'Temperature', humidity: 'Humidity', score: 'Usable', complete: 'Complete', levels: (a: string) => `I–III: ${a} m`,
    replaced: 'Noise limits of QCVN 26:2010; a newer rule has replaced them: a yardstick only.', missing: 'unknown',
  },
})

interface Props {
  scale: Scale
  list: Station[]
  areaName: (code: string) => string
}

export const stationLink = (id: string): string => `/environment?station=${encodeURIComponent(id)}`

const value = (s: Station, fact: string, unit: string, digits = 1) => {
  const v = s.facts[fact]
  return v === undefined ? <span class="quiet">{w().missing}</span> : `${number(v, digits)} ${unit}`
}

function useTable(label: string, rows: Station[], columns: Column<Station>[]) {
  const { route } = useLocation()
  return <Table label={label} rows={rows} rowKey={(s) => s.id} open={(s) => route(stationLink(s.id))} columns={columns} />
}

const named = (areaName: Props['areaName']): Column<Station>[] => [
  { title: w().station, cell: (s) => <a href={stationLink(s.id)} onClick={(e) => e.stopPropagation()}>{s.name || s.id}</a> },
  { title: w().where, cell: (s) => (s.area ? areaName(s.area) : '—') },
]
const last: () => Column<Station> = () => ({ title: w().last, cell: (s) => (s.last_seen ? clock(s.last_seen) : '—') })

/** A share of a limit of QCVN 05:2023, said when it is exceeded. */
const ofLimit = (s: Station) => {
  const ratio = s.facts['limit_ratio']
  if (ratio === undefined) return <span class="quiet">{w().missing}</span>
  return ratio > 1 ? <Badge tone="high">{w().over}: {percent(ratio)}</Badge> : percent(ratio)
}

export function AirTable({ scale, list, areaName }: Props) {
  return useTable(w().index, list, [
    { title: w().index, cell: (s) => <IndexChip scale={scale} of={s} /> },
    ...named(areaName),
    { title: w().main, cell: (s) => (s.main ? fieldName(`${s.main}_ugm3`) : '—') },
    { title: fieldName('pm25_ugm3'), number: true, cell: (s) => value(s, 'pm25_ugm3', 'µg/m³') },
    // Nobody knows it before the first hour is closed.
    ...(list.some((s) => s.facts['limit_ratio'] !== undefined) ? [{ title: w().limit, number: true, cell: ofLimit }] : []),
    { title: w().notes, cell: (s) => <span class="row"><Standing scale={scale} station={s} /><Flags scale={scale} station={s} /></span> },
    last(),
  ])
}

export function AreaTable({ scale, list, areaName }: Props) {
  const { route } = useLocation()
  const open = (a: AreaAir) => route(`/environment?area=${encodeURIComponent(a.area)}`)
  return (
    <Table
      label={w().where}
      rows={byArea(list)}
      rowKey={(a) => a.area}
      open={open}
      columns={[
        { title: w().where, cell: (a) => <a href={`/environment?area=${encodeURIComponent(a.area)}`} onClick={(e) => e.stopPropagation()}>{a.area ? areaName(a.area) : '—'}</a> },
        { title: w().index, cell: (a) => <IndexChip scale={scale} of={a.worst ?? { index: 0 }} /> },
        { title: w().worst, cell: (a) => (a.worst ? a.worst.name || a.worst.id : '—') },
        { title: w().stations, number: true, cell: (a) => `${number(a.indexed)} / ${number(a.stations)}` },
        { title: w().over, number: true, cell: (a) => number(a.exceeding) },
      ]}
    />
  )
}

export function WaterTable({ scale, list, areaName }: Props) {
  const alarm = (s: Station) => {
    const a = s.facts['water_alarm']
    if (!s.quantities.includes('water_level_m')) return '—'
    if (s.water_alarms_m.length === 0) return <span class="quiet">{w().noLevels}</span>
    if (a === undefined) return <span class="quiet">{w().missing}</span>
    return <Badge tone={(['good', 'warning', 'high', 'critical'] as const)[a] ?? 'unknown'}>{inWords(scale.water[a], language.value)}</Badge>
  }
  return useTable(w().level, list, [
    { title: w().alarm, cell: alarm },
    ...named(areaName),
    { title: w().level, number: true, cell: (s) => (s.quantities.includes('water_level_m') ? value(s, 'water_level_m', 'm', 2) : '—') },
    { title: w().rise, number: true, cell: (s) => (s.quantities.includes('water_level_m') ? value(s, 'water_rise_m_per_h', 'm/h', 2) : '—') },
    { title: w().rain1, number: true, cell: (s) => (s.quantities.includes('rain_mm') ? value(s, 'rain_1h_mm', 'mm') : '—') },
    { title: w().rain24, number: true, cell: (s) => (s.quantities.includes('rain_mm') ? value(s, 'rain_24h_mm', 'mm') : '—') },
    { title: w().notes, cell: (s) => <Flags scale={scale} station={s} /> },
    last(),
  ])
}

export function NoiseTable({ scale, list, areaName }: Props) {
  const excess = (s: Station) => {
    const over = s.facts['noise_excess_db']
    if (over === undefined) return <span class="quiet">{w().missing}</span>
    const text = `${over > 0 ? '+' : ''}${number(over, 1)} dB`
    return over > 0 ? <Badge tone="high">{text}</Badge> : text
  }
  const replaced = list.some((s) => noiseLimit(scale, s.noise_zone, new Date())?.replaced)
  return (
    <>
      {replaced && <div class="note">{w().replaced}</div>}
      {useTable(w().hourly, list, [
        { title: w().excess, cell: excess },
        ...named(areaName),
        { title: w().hourly, number: true, cell: (s) => value(s, 'laeq_1h_dba', 'dB(A)') },
        { title: w().now, number: true, cell: (s) => value(s, 'noise_dba', 'dB(A)') },
        { title: w().zone, cell: (s) => w()[s.noise_zone] },
        { title: w().notes, cell: (s) => <Flags scale={scale} station={s} /> },
        last(),
      ])}
    </>
  )
}

export function HeatTable({ scale, list, areaName }: Props) {
  const tones = ['good', 'info', 'warning', 'high', 'critical'] as const
  return useTable(w().feels, list, [
    { title: w().feels, number: true, cell: (s) => value(s, 'heat_index_c', '°C') },
    { title: w().care, cell: (s) => <Badge tone={tones[s.facts['heat_band'] ?? -1] ?? 'unknown'}>{inWords(scale.heat[s.facts['heat_band'] ?? -1], language.value)}</Badge> },
    ...named(areaName),
    { title: w().temperature, number: true, cell: (s) => value(s, 'temperature_c', '°C') },
    { title: w().humidity, number: true, cell: (s) => value(s, 'humidity_pct', '%', 0) },
    last(),
  ])
}

export function DoubtTable({ scale, list, areaName }: Props) {
  const share = (v: number | undefined) => (v === undefined ? <span class="quiet">{w().missing}</span> : percent(v))
  return useTable(w().notes, list, [
    ...named(areaName),
    { title: w().notes, cell: (s) => <span class="row"><Flags scale={scale} station={s} /></span> },
    { title: w().score, number: true, cell: (s) => share(s.facts['score'] === undefined ? undefined : s.facts['score'] / 100) },
    { title: w().complete, number: true, cell: (s) => share(s.facts['completeness']) },
    last(),
  ])
}

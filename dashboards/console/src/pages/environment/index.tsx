// Air, water, noise and heat: what is bad where, what people should do, and which sensor not to
// believe.
import { useLocation } from 'preact-iso'
import { answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { dateTime, number } from '../../format'
import { Choice, Empty, Loaded, Page } from '../../ui'
import { language, words } from '../../words'
import { useAreas } from '../alerts/useareas'
import { type Scale, type Station, airStations, bandCounts, byFact, doubtful, exceeds, gauges, inWords, indexOf, textOn } from './air'
import './environment.css'
import { Advice } from './parts'
import { StationPage } from './station'
import { AirTable, AreaTable, DoubtTable, HeatTable, NoiseTable, WaterTable } from './tables'

const w = words({
  vi: {
    title: 'Môi trường', area: 'Địa bàn', everywhere: 'Toàn tỉnh', topic: 'Nội dung', air: 'Không khí', areas: 'Theo xã', water: 'Nước và mưa', noise: 'Tiếng ồn', heat: 'Nắng nóng', doubt: 'Cảm biến nghi ngờ',
    none: 'Chưa có cảm biến môi trường nào', noneHow: 'Khai cảm biến loại environment trong devices.csv của danh mục; chỉ số có sau giờ đo trọn vẹn đầu tiên.', hour: (t: string) => `VN_AQI của giờ bắt đầu lúc ${t}`, bands: 'Số trạm theo mức', noIndex: 'Chưa có chỉ số',
    waiting: 'Chưa trạm nào có chỉ số: cần đủ ba phần tư số liệu của giờ, và hai trong ba giờ gần nhất đối với bụi.', worst: (n: string) => `Lời khuyên cho nơi xấu nhất (${n})`, exceeding: (n: string) => `${n} trạm đang vượt QCVN 05:2023`, notHere: 'Không có cảm biến loại này ở địa bàn đã chọn.', trust: 'Không cảm biến nào bị nghi ngờ.',
  },
  en: {
    title: 'Environment', area: 'Area', everywhere: 'Whole province', topic: 'Topic', air: 'Air', areas: 'By commune', water: 'Water and rain', noise: 'Noise', heat: 'Heat', doubt: 'Doubtful sensors',
    none: 'There are no environment sensors yet', noneHow: 'Enter sensors of kind environment in devices.csv of the registry; an index is there after the first whole hour.', hour: (t: string) => `VN_AQI of the hour that began at ${t}`, bands: 'Stations by band', noIndex: 'No index yet',
    waiting: 'No station has an index yet: it takes three quarters of an hour’s readings, and for dust two of the last three hours.', worst: (n: string) => `Advice where it is worst (${n})`, exceeding: (n: string) => `${n} stations exceed QCVN 05:2023 now`, notHere: 'There is no such sensor in this area.', trust: 'No sensor is in doubt.',
  },
})

const topics = ['air', 'areas', 'water', 'noise', 'heat', 'doubt'] as const
type Topic = (typeof topics)[number]

async function loadStations(area: string, signal: AbortSignal): Promise<Station[]> {
  const all: Station[] = []
  let after = ''
  do {
    const page = await answer(api.GET('/api/v1/environment/stations', { params: { query: { limit: 1000, ...(area ? { area } : {}), ...(after ? { after } : {}) } }, signal }))
    all.push(...page.items)
    after = page.next ?? ''
  } while (after)
  return all
}

export const useScale = () => useData('scale', (signal) => answer(api.GET('/api/v1/environment/scale', { signal })))

export default function Environment() {
  const { query } = useLocation()
  const scale = useScale()
  const station = query['station']
  if (station) return <StationPage id={station} scale={scale} />
  return <Overview scale={scale} />
}

function Overview({ scale }: { scale: ReturnType<typeof useScale> }) {
  const { query, route } = useLocation()
  const areas = useAreas()
  const area = query['area'] ?? ''
  const topic = topics.find((t) => t === query['topic']) ?? 'air'
  const stations = useData('stations ' + area, (signal) => loadStations(area, signal), { every: 60_000 })
  const go = (part: { area?: string; topic?: Topic }) => {
    const p = new URLSearchParams(Object.entries({ area, topic: topic as string, ...part }).filter(([k, v]) => v && !(k === 'topic' && v === 'air')))
    route(p.size ? `/environment?${p}` : '/environment', true)
  }
  return (
    <Page
      title={w().title}
      actions={
        <label class="inline">
          {w().area}
          <select value={area} onChange={(e) => go({ area: e.currentTarget.value })}>
            <option value="">{w().everywhere}</option>
            {areas.list.map((a) => <option key={a.code} value={a.code}>{a.name}</option>)}
          </select>
        </label>
      }
    >
      <Loaded data={scale}>
        {(s) => (
          <Loaded data={stations}>
            {(all) => (all.length === 0 && !area ? <Empty title={w().none}>{w().noneHow}</Empty> : <Topics scale={s} all={all} topic={topic} choose={(t) => go({ topic: t })} />)}
          </Loaded>
        )}
      </Loaded>
    </Page>
  )
}

function Topics({ scale, all, topic, choose }: { scale: Scale; all: Station[]; topic: Topic; choose: (t: Topic) => void }) {
  const areas = useAreas()
  const air = airStations(all)
  const lists: Record<Topic, Station[]> = {
    air,
    areas: air,
    water: [...gauges(all), ...byFact(all, 'rain_24h_mm', (s) => s.quantities.includes('rain_mm') && !s.quantities.includes('water_level_m'))],
    noise: byFact(all, 'noise_excess_db', (s) => s.quantities.includes('noise_dba')),
    heat: byFact(all, 'heat_index_c', (s) => s.facts['heat_index_c'] !== undefined),
    doubt: doubtful(all),
  }
  const list = lists[topic]
  const props = { scale, list, areaName: areas.name }
  return (
    <>
      <div class="row"><Choice label={w().topic} value={topic} options={topics.map((t) => ({ value: t, text: t === 'air' || t === 'areas' ? w()[t] : `${w()[t]} (${number(lists[t].length)})` }))} choose={choose} /></div>
      {(topic === 'air' || topic === 'areas') && air.length > 0 && <AirSummary scale={scale} air={air} />}
      {list.length === 0 && <Empty title={topic === 'doubt' ? w().trust : w().notHere} />}
      {list.length > 0 && topic === 'air' && <AirTable {...props} />}
      {list.length > 0 && topic === 'areas' && <AreaTable {...props} />}
      {list.length > 0 && topic === 'water' && <WaterTable {...props} />}
      {list.length > 0 && topic === 'noise' && <NoiseTable {...props} />}
      {list.length > 0 && topic === 'heat' && <HeatTable {...props} />}
      {list.length > 0 && topic === 'doubt' && <DoubtTable {...props} />}
    </>
  )
}

function AirSummary({ scale, air }: { scale: Scale; air: Station[] }) {
  const worst = air[0]
  const none = air.filter((s) => indexOf(s) === undefined).length
  const exceeding = air.filter(exceeds).length
  const l = language.value
  return (
    <section class="stack" aria-label={w().bands} data-testid="air-summary">
      <div class="row">
        {bandCounts(scale, air).map(({ band, count }) => (
          <span key={band.band} class="aqi" style={count ? { background: band.color, color: textOn(band.color) } : {}}>
            {count === 0 && <span class="swatch" style={{ background: band.color }} />}
            {inWords(band.name, l)} <strong>{number(count)}</strong>
          </span>
        ))}
        {none > 0 && <span class="aqi">{w().noIndex} <strong>{number(none)}</strong></span>}
        {exceeding > 0 && <strong>{w().exceeding(number(exceeding))}</strong>}
      </div>
      {worst && indexOf(worst) !== undefined ? (
        <>
          <span class="quiet">{w().hour(dateTime(worst.hour))} · {w().worst(worst.name || worst.id)}</span>
          <Advice scale={scale} band={worst.band} />
        </>
      ) : (
        <div class="note">{w().waiting}</div>
      )}
    </section>
  )
}

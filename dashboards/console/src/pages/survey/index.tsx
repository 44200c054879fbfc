// Where to measure next: a route sheet for field staff.
import { useLocation } from 'preact-iso'
import { useEffect, useState } from 'preact/hooks'
import { answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { date, distance, number } from '../../format'
import { Empty, Loaded, Page, toast } from '../../ui'
import { operatorName, operators } from '../../ui/operators'
import { words } from '../../words'
import { type Areas, useAreas } from '../alerts/useareas'
import { addressOf, csvOf, gpxOf, type Question, questionOf, sizes, startOf, type Stop, sumsOf } from './plan'
import { RouteMap } from './routemap'
import { save } from '../../ui/save'
import { needText, Stops } from './stops'
import './survey.css'

const w = words({
  vi: {
    title: 'Kế hoạch đo', question: 'Lập kế hoạch', operator: 'Nhà mạng', area: 'Địa bàn', all: 'Tất cả', stops: 'Số điểm', start: 'Xuất phát từ (vĩ độ, kinh độ)', startHint: 'để trống: bắt đầu ở điểm cần nhất', here: 'Vị trí của tôi', locating: 'Đang tìm vị trí…', nowhere: 'Không biết vị trí của thiết bị. Nhập tọa độ bằng tay.', bad: 'Nhập hai số, ví dụ 11.3100, 106.0980',
    way: 'Tổng đường chim bay', tests: 'phép đo', points: 'điểm đo', people: 'người dân trong các ô (ước tính)', print: 'In', csv: 'Tải CSV', gpx: 'Tải GPX',
    none: 'Không có điểm nào cần đo', noneNext: 'Mọi ô của nhà mạng và địa bàn này đều đã có kết luận, hoặc đo thêm cũng khó kết luận. Chọn nhà mạng hay địa bàn khác.', how: 'Đo ngoài trời, từ 6 đến 22 giờ, mỗi phép đo 5–30 giây, cách nhau ít nhất 30 giây; mỗi ô tối đa 29 phép đo một ngày được tính.',
    sheet: (d: string) => `Phiếu đo phủ sóng ${d}`, order: 'Điểm ưu tiên trước là ô nhiều dân, thiếu ít phép đo; hồ sơ chờ đo lại luôn đứng đầu. Thứ tự là đường đi ngắn.',
  },
  en: {
    title: 'Survey plan', question: 'Make a plan', operator: 'Operator', area: 'Area', all: 'All', stops: 'Stops', start: 'Start from (latitude, longitude)', startHint: 'empty: begins at the most urgent stop', here: 'Where I am', locating: 'Looking for the position…', nowhere: 'The position of this device is not known. Type it in.', bad: 'Type two numbers, such as 11.3100, 106.0980',
    way: 'Way as the crow flies', tests: 'tests', points: 'stops', people: 'residents of the cells (estimate)', print: 'Print', csv: 'Save CSV', gpx: 'Save GPX',
    none: 'Nothing needs to be measured', noneNext: 'Every cell of this operator and area has a verdict, or more tests would hardly decide it. Choose another operator or area.', how: 'Measure outdoors, from 06:00 to 22:00, each test 5–30 seconds, at least 30 seconds apart; of a cell at most 29 tests a day count.',
    sheet: (d: string) => `Coverage survey of ${d}`, order: 'Cells with many residents that lack few tests are chosen first, and those of cases to be re-tested before all. The order is a short way.',
  },
})

/** The position of the device, by its owner's leave. */
function locate(): Promise<{ lat: number; lon: number }> {
  return new Promise((found, failed) => {
    if (!('geolocation' in navigator)) return failed(new Error('none'))
    navigator.geolocation.getCurrentPosition((p) => found({ lat: p.coords.latitude, lon: p.coords.longitude }), failed, { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 })
  })
}

const written = (q: Question) => (q.start ? `${q.start.lat.toFixed(5)}, ${q.start.lon.toFixed(5)}` : '')

function Start({ q, choose }: { q: Question; choose: (q: Question) => void }) {
  const [text, type] = useState(written(q))
  const [busy, setBusy] = useState(false)
  useEffect(() => type(written(q)), [q.start?.lat, q.start?.lon])
  const bad = text.trim() !== '' && !startOf(text)
  const use = () => {
    if (!bad) choose({ ...q, start: startOf(text) })
  }
  const here = async () => {
    setBusy(true)
    try {
      choose({ ...q, start: await locate() })
    } catch {
      toast(w().nowhere, 'critical')
    }
    setBusy(false)
  }
  return (
    <div class="row" style={{ alignItems: 'end' }}>
      <label>
        {w().start}
        <input value={text} inputMode="decimal" placeholder={w().startHint} aria-invalid={bad} aria-describedby={bad ? 'bad-start' : undefined} onInput={(e) => type(e.currentTarget.value)} onChange={use} data-testid="start" />
      </label>
      <button type="button" disabled={busy} onClick={() => void here()}>
        {busy ? w().locating : w().here}
      </button>
      {bad && (
        <span id="bad-start" role="alert">
          {w().bad}
        </span>
      )}
    </div>
  )
}

function Ask({ q, areas, choose }: { q: Question; areas: Areas; choose: (q: Question) => void }) {
  return (
    <section class="card no-print" aria-label={w().question}>
      <div class="row" style={{ alignItems: 'end' }}>
        <label>
          {w().operator}
          <select value={q.operator} onChange={(e) => choose({ ...q, operator: e.currentTarget.value })} data-testid="operator">
            <option value="">{w().all}</option>
            {operators.value.map((o) => (
              <option key={o.code} value={o.code}>
                {o.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {w().area}
          <select value={q.area} onChange={(e) => choose({ ...q, area: e.currentTarget.value })} data-testid="area">
            <option value="">{w().all}</option>
            {areas.list.map((a) => (
              <option key={a.code} value={a.code}>
                {a.type} {a.name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {w().stops}
          <select value={String(q.stops)} onChange={(e) => choose({ ...q, stops: Number(e.currentTarget.value) })}>
            {sizes.map((n) => (
              <option key={n}>{n}</option>
            ))}
          </select>
        </label>
        <Start q={q} choose={choose} />
      </div>
    </section>
  )
}

function Sheet({ stops, q, areas }: { stops: readonly Stop[]; q: Question; areas: Areas }) {
  const sums = sumsOf(stops)
  const title = w().sheet(date(new Date()))
  const name = `phusong-survey-${new Date().toISOString().slice(0, 10)}`
  return (
    <>
      <div class="row" style={{ justifyContent: 'space-between' }}>
        <p class="sums" data-testid="sums">
          <strong>{number(sums.stops)}</strong> {w().points} · <strong>{number(sums.tests)}</strong> {w().tests} · {w().way} <strong>{distance(sums.km)}</strong> · <strong>{number(sums.residents)}</strong> {w().people}
        </p>
        <div class="row no-print">
          <button type="button" onClick={() => print()}>
            {w().print}
          </button>
          <button type="button" onClick={() => save(`${name}.csv`, 'text/csv', csvOf(stops, areas.name))}>
            {w().csv}
          </button>
          <button type="button" onClick={() => save(`${name}.gpx`, 'application/gpx+xml', gpxOf(stops, title, (s) => s.needs.map(needText).join('; ')))}>
            {w().gpx}
          </button>
        </div>
      </div>
      <p class="quiet">
        {w().order} {w().how}
      </p>
      <RouteMap stops={stops} start={q.start} />
      <Stops stops={stops} areas={areas} />
    </>
  )
}

export default function SurveyPage() {
  const { query, route } = useLocation()
  const areas = useAreas()
  const q = questionOf(query)
  const plan = useData(addressOf(q), (signal) =>
    answer(api.GET('/api/v1/survey', { params: { query: { stops: q.stops, ...(q.operator && { operator: q.operator }), ...(q.area && { area: q.area }), ...q.start } }, signal })), { on: ['coverage', 'case'] })
  const filtered = [q.operator && operatorName(q.operator), q.area && areas.name(q.area)].filter(Boolean).join(', ')
  return (
    <Page title={filtered ? `${w().title}: ${filtered}` : w().title}>
      <Ask q={q} areas={areas} choose={(x) => route(addressOf(x), true)} />
      <Loaded data={plan}>{(p) => (p.stops.length > 0 ? <Sheet stops={p.stops} q={q} areas={areas} /> : <Empty title={w().none}>{w().noneNext}</Empty>)}</Loaded>
    </Page>
  )
}

// The measurements behind an alert, around the time when it began.
import { useMemo } from 'preact/hooks'
import { answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { Chart } from '../../ui/chart'
import { Loaded } from '../../ui'
import { words } from '../../words'
import type { Alert } from './book'
import { trendOf, trendSpan } from './trendof'

const w = words({
  vi: {
    title: 'Diễn biến', began: 'bắt đầu', target: 'ngưỡng', clients: 'Số người dùng', wan_loss: 'Tỷ lệ mất gói', wan_latency_ms: 'Độ trễ', download_mbps: 'Tốc độ tải xuống', rsrp_dbm: 'Cường độ sóng', pm25_ugm3: 'Bụi PM2.5',
    noise_dba: 'Tiếng ồn', temperature_c: 'Nhiệt độ', water_level_m: 'Mực nước', rain_mm: 'Mưa', battery_v: 'Điện áp pin',
  },
  en: {
    title: 'Trend', began: 'began', target: 'threshold', clients: 'Clients', wan_loss: 'Share of packets lost', wan_latency_ms: 'Latency', download_mbps: 'Download', rsrp_dbm: 'Signal', pm25_ugm3: 'PM2.5',
    noise_dba: 'Noise', temperature_c: 'Temperature', water_level_m: 'Water level', rain_mm: 'Rain', battery_v: 'Battery voltage',
  },
})

/** Devices that report seldom are not drawn as if they were silent in between. */
const slowest = 1800

/** Nothing where an alert has no measurement of its own. */
export function Trend({ alert }: { alert: Alert }) {
  const trend = trendOf(alert.name)
  const device = alert.device
  // To the hour, so that looking again does not ask again.
  const now = Math.ceil(Date.now() / 600_000) * 600_000
  const span = useMemo(() => trendSpan(alert, now), [alert.id, alert.resolved, now])
  const data = useData(trend && device ? `trend ${alert.id} ${span.from} ${span.to}` : undefined, (signal) =>
    answer(
      api.GET('/api/v1/series', {
        params: { query: { kind: trend!.kind, device: device!, field: trend!.field, from: span.from, to: span.to, step: span.step, aggregate: trend!.sum ? 'sum' : 'mean' } },
        signal,
      }),
    ),
  )
  if (!trend || !device) return null
  const label = w()[trend.field]
  return (
    <section class="card" data-testid="trend">
      <h2>{w().title}: {label}</h2>
      <Loaded data={data}>
        {(s) => (
          <Chart
            title={label}
            lines={[{ label, points: s.points, kind: trend.sum ? 'bars' : 'line' }]}
            unit={s.unit === '1' ? '' : s.unit}
            digits={2}
            step={Math.max(s.step_s, slowest)}
            from={Date.parse(span.from)}
            to={Date.parse(span.to)}
            range={trend.free ? [null, null] : [0, null]}
            limits={trend.limit === undefined ? [] : [{ value: trend.limit, label: w().target }]}
            height={180}
          />
        )}
      </Loaded>
    </section>
  )
}

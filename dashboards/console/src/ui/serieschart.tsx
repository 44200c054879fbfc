// The chart of one field of one device, loaded by itself.
import { useMemo } from 'preact/hooks'
import { answer, api, type Schemas } from '../api/client'
import { useData } from '../api/data'
import { fieldName, scaleOf } from '../fields'
import { Loaded } from '.'
import { Chart, type ChartProps } from './chart'
import { type Range, span } from './ranges'

interface Props {
  kind: Schemas['Device']['kind']
  device: string
  field: string
  range: Range
  /** The time between two readings, in seconds. */
  interval?: number
  aggregate?: 'mean' | 'min' | 'max' | 'sum' | 'last'
  /** Lines across, in the unit of the readings. */
  limits?: ChartProps['limits']
  bands?: ChartProps['bands']
}

export function SeriesChart({ kind, device, field, range, interval, aggregate = 'mean', limits, bands }: Props) {
  const asked = span(range, Date.now(), interval)
  const { from, to, step } = asked
  const data = useData(
    [kind, device, field, range, aggregate, from.getTime()].join(' '),
    (signal) => answer(api.GET('/api/v1/series', { params: { query: { kind, device, field, from: from.toISOString(), to: to.toISOString(), step: `${step}s`, aggregate } }, signal })),
    { every: 60_000 },
  )
  const scale = scaleOf(field, data.value?.unit)
  const lines = useMemo(
    () => [{ label: fieldName(field), points: (data.value?.points ?? []).map((p) => ({ time: p.time, value: p.value * scale.factor })), kind: aggregate === 'sum' ? ('bars' as const) : ('line' as const) }],
    [data.value, field, scale.factor, fieldName(field)],
  )
  return (
    <Loaded data={data}>
      {() => (
        <Chart
          title={fieldName(field)}
          lines={lines}
          unit={scale.unit}
          digits={scale.digits}
          step={step}
          from={from}
          to={to}
          range={floating.has(field) ? [null, null] : [0, null]}
          limits={limits}
          bands={bands}
          height={180}
          testid={`chart-${field}`}
        />
      )}
    </Loaded>
  )
}

/** Fields whose zero means nothing: their axis begins where their values do. */
const floating = new Set(['rsrp_dbm', 'rsrq_db', 'sinr_db', 'temperature_c', 'pressure_hpa', 'water_level_m', 'battery_v', 'noise_dba'])

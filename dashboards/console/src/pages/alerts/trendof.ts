// Which measurement shows what an alert of the shipped rules is about.
import type { Alert } from './book'

type Field = 'clients' | 'wan_loss' | 'wan_latency_ms' | 'download_mbps' | 'rsrp_dbm' | 'pm25_ugm3' | 'noise_dba' | 'temperature_c' | 'water_level_m' | 'rain_mm' | 'battery_v'

export interface Trend {
  kind: 'wifi' | 'mobile' | 'environment'
  field: Field
  /** Where the rule draws its line, when that is one number for everybody. */
  limit?: number
  /** Amounts that add up. */
  sum?: boolean
  /** 0 means nothing on this scale. */
  free?: boolean
}

const trends: readonly (readonly [RegExp, Trend])[] = [
  [/^AccessPointUplinkLossy$/, { kind: 'wifi', field: 'wan_loss', limit: 0.05 }],
  [/^AccessPointUplinkDown$/, { kind: 'wifi', field: 'wan_latency_ms' }],
  [/^WiFiSlow$/, { kind: 'wifi', field: 'download_mbps', limit: 30 }],
  [/^(WiFi|AccessPoint)/, { kind: 'wifi', field: 'clients' }],
  [/^MobileSlow$/, { kind: 'mobile', field: 'download_mbps' }],
  [/^(MobileNoService|ProbeSilent)$/, { kind: 'mobile', field: 'rsrp_dbm', free: true }],
  [/^Air/, { kind: 'environment', field: 'pm25_ugm3' }],
  [/^Noise/, { kind: 'environment', field: 'noise_dba', free: true }],
  [/^Heat/, { kind: 'environment', field: 'temperature_c', free: true }],
  [/^Water/, { kind: 'environment', field: 'water_level_m', free: true }],
  [/^Rain/, { kind: 'environment', field: 'rain_mm', sum: true }],
  [/^SensorBatteryLow$/, { kind: 'environment', field: 'battery_v', free: true, limit: 3.3 }],
]

export const trendOf = (name: string): Trend | undefined => trends.find(([names]) => names.test(name))?.[1]

const hour = 3600_000
/** About as many points as a small chart can show. */
const points = 180

/** From some time before an alert began to its end, or to now, in steps that a chart can show. */
export function trendSpan(a: Pick<Alert, 'since' | 'fired' | 'resolved'>, now: number): { from: string; to: string; step: string } {
  const began = Date.parse(a.since ?? a.fired ?? new Date(now).toISOString())
  const to = a.resolved ? Math.min(now, Date.parse(a.resolved) + hour) : now
  const from = Math.max(Math.min(began, to) - 6 * hour, to - 90 * 24 * hour)
  const step = Math.max(300, Math.ceil((to - from) / 1000 / points / 300) * 300)
  return { from: new Date(from).toISOString(), to: new Date(to).toISOString(), step: `${step}s` }
}

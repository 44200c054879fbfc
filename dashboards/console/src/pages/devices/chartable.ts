// Which fields of a device are worth a chart, the telling ones first.
import type { Schemas } from '../../api/client'

const first: Record<Schemas['Device']['kind'], readonly string[]> = {
  wifi: ['clients', 'wan_latency_ms', 'wan_loss', 'download_mbps', 'upload_mbps', 'cpu', 'memory', 'temperature_c', 'wan_up', 'portal_ok', 'auth_ok'],
  mobile: ['download_mbps', 'upload_mbps', 'latency_ms', 'rsrp_dbm', 'sinr_db', 'rsrq_db', 'jitter_ms', 'loss'],
  environment: ['pm25_ugm3', 'pm10_ugm3', 'no2_ugm3', 'so2_ugm3', 'co_ugm3', 'o3_ugm3', 'noise_dba', 'water_level_m', 'rain_mm', 'temperature_c', 'humidity_pct', 'wind_ms', 'pressure_hpa', 'uv_index', 'battery_v'],
}

/** Always asked of an access point: speed tests are rare, and not in each reading. */
const rare: readonly string[] = ['download_mbps']

/** Fields of the newest reading that can be drawn; counters and identities say nothing as a line. */
export function chartable(kind: Schemas['Device']['kind'], values: readonly Schemas['Value'][]): string[] {
  const has = new Set(values.filter((v) => v.number !== undefined).map((v) => v.field))
  if (kind === 'wifi' && has.size > 0) rare.forEach((f) => has.add(f))
  return first[kind].filter((f) => has.has(f))
}

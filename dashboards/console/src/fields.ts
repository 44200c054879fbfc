// The fields of readings as people call them: docs/PROTOCOL.md has what they mean.
import { number, percent } from './format'
import { words } from './words'

const w = words({
  vi: {
    yes: 'có', no: 'không',
    fields: {
      clients: 'Máy đang kết nối', rx_bytes: 'Đã nhận', tx_bytes: 'Đã gửi', wan_up: 'Đường truyền thông', wan_latency_ms: 'Độ trễ đường truyền', wan_loss: 'Mất gói đường truyền', portal_ok: 'Trang chào trả lời', auth_ok: 'Đăng nhập thử được',
      auth_failed: 'Đăng nhập hỏng', download_mbps: 'Tốc độ tải xuống', upload_mbps: 'Tốc độ tải lên', uptime_s: 'Chạy liên tục', cpu: 'Tải CPU', memory: 'Bộ nhớ dùng', temperature_c: 'Nhiệt độ',
      operator: 'Mạng đang dùng', sim_operator: 'Mạng của SIM', technology: 'Công nghệ', outcome: 'Kết quả đo', latency_ms: 'Độ trễ', jitter_ms: 'Biến động trễ', loss: 'Mất gói', rsrp_dbm: 'Mức thu RSRP', rsrq_db: 'Chất lượng RSRQ', sinr_db: 'Tỉ số SINR',
      cell_id: 'Mã cell', pci: 'PCI', lat: 'Vĩ độ', lon: 'Kinh độ', accuracy_m: 'Sai số vị trí', speed_kmh: 'Vận tốc', in_vehicle: 'Trong xe', indoor: 'Trong nhà', duration_s: 'Thời gian đo', bytes: 'Dữ liệu đã tải', server: 'Máy chủ đo',
      pm25_ugm3: 'PM2.5', pm10_ugm3: 'PM10', no2_ugm3: 'NO₂', so2_ugm3: 'SO₂', co_ugm3: 'CO', o3_ugm3: 'O₃', noise_dba: 'Mức ồn', humidity_pct: 'Độ ẩm', pressure_hpa: 'Khí áp', rain_mm: 'Lượng mưa', water_level_m: 'Mực nước', wind_ms: 'Gió',
      uv_index: 'Chỉ số UV', battery_v: 'Pin', capacity: 'Sức chứa',
    },
  },
  en: {
    yes: 'yes', no: 'no',
    fields: {
      clients: 'Clients', rx_bytes: 'Received', tx_bytes: 'Sent', wan_up: 'Uplink works', wan_latency_ms: 'Uplink latency', wan_loss: 'Uplink loss', portal_ok: 'Portal answers', auth_ok: 'Test login works',
      auth_failed: 'Failed logins', download_mbps: 'Download', upload_mbps: 'Upload', uptime_s: 'Running for', cpu: 'CPU load', memory: 'Memory in use', temperature_c: 'Temperature',
      operator: 'Serving network', sim_operator: 'Network of the SIM', technology: 'Technology', outcome: 'Outcome', latency_ms: 'Latency', jitter_ms: 'Jitter', loss: 'Loss', rsrp_dbm: 'RSRP', rsrq_db: 'RSRQ', sinr_db: 'SINR',
      cell_id: 'Cell id', pci: 'PCI', lat: 'Latitude', lon: 'Longitude', accuracy_m: 'Position accuracy', speed_kmh: 'Speed', in_vehicle: 'In a vehicle', indoor: 'Indoors', duration_s: 'Duration', bytes: 'Data loaded', server: 'Test server',
      pm25_ugm3: 'PM2.5', pm10_ugm3: 'PM10', no2_ugm3: 'NO₂', so2_ugm3: 'SO₂', co_ugm3: 'CO', o3_ugm3: 'O₃', noise_dba: 'Noise', humidity_pct: 'Humidity', pressure_hpa: 'Pressure', rain_mm: 'Rain', water_level_m: 'Water level', wind_ms: 'Wind',
      uv_index: 'UV index', battery_v: 'Battery', capacity: 'Capacity',
    },
  },
})

/** What a field is called; its own name when it is a new one. */
export const fieldName = (field: string): string => (w().fields as Record<string, string>)[field] ?? field

/** Shares of 0 to 1, which people read in percent. */
const shares = new Set(['wan_loss', 'loss', 'cpu', 'memory', 'utilization'])
/** Digits after the point, where one is not right. */
const digits: Record<string, number> = { lat: 5, lon: 5, water_level_m: 2, battery_v: 2, clients: 0, cell_id: 0, pci: 0, rx_bytes: 0, tx_bytes: 0, bytes: 0, auth_failed: 0 }

/** How a field is drawn: the factor of its values, and what stands behind them. */
export function scaleOf(field: string, unit?: string): { factor: number; unit: string; digits: number } {
  if (shares.has(field)) return { factor: 100, unit: '%', digits: 1 }
  return { factor: 1, unit: unit === '1' || unit === undefined ? '' : unit, digits: digits[field] ?? 1 }
}

/** Bytes in the largest unit that says enough. */
function bytes(n: number): string {
  const power = Math.min(4, Math.max(0, Math.floor(Math.log10(Math.max(1, n)) / 3)))
  return `${number(n / 1000 ** power, power ? 1 : 0)} ${['B', 'kB', 'MB', 'GB', 'TB'][power]}`
}

/** Seconds as hours and minutes, or days and hours. */
function running(s: number): string {
  const [d, h, m] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60]
  return d > 0 ? `${d} d ${h} h` : `${h} h ${m} min`
}

/** A value with its unit, as people read it. */
export function fieldValue(v: { field: string; unit?: string; type: string; number?: number; text?: string }): string {
  if (v.number === undefined) return v.text ?? '—'
  if (v.type === 'boolean') return v.number ? w().yes : w().no
  if (shares.has(v.field)) return percent(v.number, 1)
  if (v.unit === 'B') return bytes(v.number)
  if (v.field === 'uptime_s') return running(v.number)
  if (v.field === 'cell_id') return String(v.number)
  const s = scaleOf(v.field, v.unit)
  return [number(v.number, s.digits), s.unit].filter(Boolean).join(' ')
}

// States of devices and verdicts on sites, in words and with the tone they deserve. What is not
// known is never shown as good.
import type { Schemas } from '../api/client'
import { words } from '../words'
import { Badge, type Tone } from '.'

export type DeviceState = Schemas['Device']['state']
export type Kind = Schemas['Device']['kind']
export type SiteVerdict = Schemas['Site']['verdict']
export type SiteReason = NonNullable<Schemas['Site']['reason']>

const w = words({
  vi: {
    states: { up: 'Hoạt động', late: 'Chậm báo', silent: 'Mất tín hiệu', offline: 'Ngoại tuyến', retired: 'Ngừng dùng', maintenance: 'Bảo trì', unknown: 'Chưa từng báo' },
    kinds: { wifi: 'Điểm Wi-Fi', mobile: 'Đầu đo di động', environment: 'Cảm biến môi trường' },
    verdicts: { working: 'Hoạt động', partly: 'Hoạt động một phần', failed: 'Lỗi', 'no service': 'Không có dịch vụ', unknown: 'Không rõ' },
    reasons: {
      'no access point': 'chưa có điểm phát nào trong danh mục', 'not yet heard': 'chưa từng có tín hiệu', 'not hearing': 'hệ thống của ta mất liên lạc', maintenance: 'đang bảo trì', silent: 'điểm phát mất tín hiệu', offline: 'điểm phát đã tắt',
      'uplink down': 'đứt đường truyền', 'portal down': 'trang chào không trả lời', 'login fails': 'không đăng nhập được', 'uplink lossy': 'đường truyền mất gói', 'uplink laggy': 'đường truyền chậm trả lời',
    },
    categories: { school: 'Trường học', hospital: 'Cơ sở y tế', residential: 'Khu dân cư', tourism: 'Điểm du lịch', office: 'Cơ quan' },
  },
  en: {
    states: { up: 'Up', late: 'Late', silent: 'Silent', offline: 'Offline', retired: 'Retired', maintenance: 'Maintenance', unknown: 'Never heard' },
    kinds: { wifi: 'Access point', mobile: 'Coverage probe', environment: 'Environment sensor' },
    verdicts: { working: 'Working', partly: 'Partly working', failed: 'Failed', 'no service': 'No service', unknown: 'Unknown' },
    reasons: {
      'no access point': 'no access point in the register', 'not yet heard': 'never heard', 'not hearing': 'we could not hear it', maintenance: 'planned work', silent: 'access points silent', offline: 'access points switched off',
      'uplink down': 'uplink down', 'portal down': 'portal does not answer', 'login fails': 'login fails', 'uplink lossy': 'uplink loses packets', 'uplink laggy': 'uplink answers late',
    },
    categories: { school: 'Schools', hospital: 'Health care', residential: 'Residential', tourism: 'Tourism', office: 'Offices' },
  },
})

const stateTones: Record<DeviceState, Tone> = { up: 'good', late: 'warning', silent: 'critical', offline: 'critical', retired: 'unknown', maintenance: 'info', unknown: 'unknown' }
const verdictTones: Record<SiteVerdict, Tone> = { working: 'good', partly: 'warning', failed: 'high', 'no service': 'critical', unknown: 'unknown' }

/** The worst first, for lists and counts. */
export const deviceStates: readonly DeviceState[] = ['silent', 'offline', 'late', 'unknown', 'maintenance', 'up', 'retired']
export const kinds: readonly Kind[] = ['wifi', 'mobile', 'environment']
export const categories: readonly Schemas['Site']['category'][] = ['school', 'hospital', 'residential', 'tourism', 'office']

export const stateText = (s: DeviceState): string => w().states[s]
export const stateTone = (s: DeviceState): Tone => stateTones[s]
export const kindText = (k: Kind): string => w().kinds[k]
export const verdictText = (v: SiteVerdict): string => w().verdicts[v]
export const reasonText = (r: SiteReason | undefined): string => (r ? w().reasons[r] : '')
export const categoryText = (c: string): string => (w().categories as Record<string, string>)[c] ?? c

export const StateBadge = ({ state }: { state: DeviceState }) => <Badge tone={stateTones[state]}>{stateText(state)}</Badge>
export const SiteBadge = ({ verdict }: { verdict: SiteVerdict }) => <Badge tone={verdictTones[verdict]}>{verdictText(verdict)}</Badge>

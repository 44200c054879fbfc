// What an alert is called. The service writes texts for those that people are told of; what is
// held has only the name of its rule, which for the shipped rules is translated here.
import { number } from '../../format'
import type { Tone } from '../../ui'
import { operatorName } from '../../ui/operators'
import { language, words } from '../../words'
import type { Alert, Incident } from './book'

const names: Record<string, readonly [vi: string, en: string]> = {
  AccessPointSilent: ['Điểm phát Wi-Fi mất liên lạc', 'Access point silent'],
  AccessPointOffline: ['Điểm phát Wi-Fi ngắt kết nối', 'Access point offline'],
  ProbeSilent: ['Máy đo sóng di động mất liên lạc', 'Coverage probe silent'],
  SensorSilent: ['Cảm biến mất liên lạc', 'Sensor silent'],
  DeviceFlapping: ['Thiết bị chập chờn', 'Device flapping'],
  DeviceMoved: ['Thiết bị bị dời chỗ', 'Device moved'],
  SiteUplinkDown: ['Đứt đường truyền của điểm', 'Site uplink down'],
  AreaMassSilence: ['Mất liên lạc hàng loạt trong xã', 'Mass silence of an area'],
  WiFiSiteFailed: ['Wi-Fi của điểm ngừng phục vụ', 'Site Wi-Fi failed'],
  WiFiSitePartly: ['Wi-Fi của điểm hỏng một phần', 'Site Wi-Fi partly failed'],
  AccessPointUplinkDown: ['Điểm phát mất đường truyền', 'Access point uplink down'],
  AccessPointUplinkLossy: ['Đường truyền của điểm phát mất gói', 'Access point uplink lossy'],
  WiFiPortalDown: ['Trang chào Wi-Fi không mở được', 'Wi-Fi portal down'],
  WiFiLoginFailing: ['Đăng nhập Wi-Fi không được', 'Wi-Fi login failing'],
  WiFiOverloaded: ['Điểm phát quá tải', 'Access point overloaded'],
  WiFiZeroClients: ['Điểm phát không có ai dùng', 'Access point without users'],
  WiFiSlow: ['Wi-Fi chậm', 'Wi-Fi slow'],
  MobileNoService: ['Mất dịch vụ di động', 'No mobile service'],
  MobileSlow: ['Mạng di động chậm', 'Mobile network slow'],
  OperatorOutage: ['Nhà mạng gián đoạn diện rộng', 'Operator outage'],
  DeadZoneFound: ['Phát hiện vùng lõm sóng', 'Dead zone found'],
  CoverageGapFound: ['Phát hiện vùng thiếu sóng', 'Coverage gap found'],
  AirPoor: ['Không khí kém', 'Air quality poor'],
  AirBad: ['Không khí xấu', 'Air quality bad'],
  AirVeryBad: ['Không khí rất xấu', 'Air quality very bad'],
  AirHazardous: ['Không khí nguy hại', 'Air quality hazardous'],
  AirLimitExceeded: ['Vượt giới hạn chất lượng không khí', 'Air limit exceeded'],
  NoiseOverLimit: ['Tiếng ồn vượt giới hạn', 'Noise over limit'],
  HeatDanger: ['Nắng nóng nguy hiểm', 'Dangerous heat'],
  HeatExtreme: ['Nắng nóng cực kỳ nguy hiểm', 'Extreme heat'],
  WaterAlarmLow: ['Nước lên báo động 1', 'Water at alarm level 1'],
  WaterAlarmHigh: ['Nước lên báo động 2 trở lên', 'Water at alarm level 2 or above'],
  WaterRisingFast: ['Nước lên nhanh', 'Water rising fast'],
  RainIntense: ['Mưa cường độ lớn', 'Intense rain'],
  RainHeavy: ['Mưa to', 'Heavy rain'],
  RainVeryHeavy: ['Mưa rất to', 'Very heavy rain'],
  SensorStuck: ['Cảm biến bị kẹt số', 'Sensor stuck'],
  SensorInvalid: ['Cảm biến cho số liệu sai', 'Sensor values invalid'],
  SensorBatteryLow: ['Pin cảm biến yếu', 'Sensor battery low'],
  Watchdog: ['Tín hiệu canh chừng', 'Watchdog'],
  PipelineStalled: ['Dữ liệu bị tắc', 'Pipeline stalled'],
  JudgementBehind: ['Xử lý cảnh báo bị chậm', 'Judgement behind'],
  LedgerUnbalanced: ['Sổ cái không cân', 'Ledger unbalanced'],
  StreamFilling: ['Hàng chờ đang đầy', 'Stream filling'],
  StreamAlmostFull: ['Hàng chờ gần đầy', 'Stream almost full'],
  StoreAway: ['Kho dữ liệu không trả lời', 'Store away'],
  ClockWrong: ['Đồng hồ máy chủ sai', 'Clock wrong'],
  BrokerAway: ['Mất kết nối MQTT', 'Broker away'],
  FleetSilent: ['Không nghe được thiết bị nào', 'No device heard'],
  MessagesRejected: ['Nhiều tin bị từ chối', 'Messages rejected'],
  DiskAlmostFull: ['Ổ đĩa gần đầy', 'Disk almost full'],
  RulesBroken: ['Tệp quy tắc bị lỗi', 'Rule files broken'],
  RulesFaulty: ['Quy tắc tính sai', 'Rules faulty'],
  NotifierFailing: ['Không gửi được thông báo', 'Notifications fail'],
}

const w = words({
  vi: {
    critical: 'Nghiêm trọng', warning: 'Cảnh báo', info: 'Lưu ý',
    gathering: 'đang gộp', explained: 'do nguyên nhân chung', maintenance: 'đang bảo trì',
    pipeline: 'Đường dữ liệu của trung tâm', area: 'Cả xã mất liên lạc: nghi mất điện hoặc mất mạng', line: 'Đường truyền chung của nhiều điểm', site: 'Cả điểm mất liên lạc: đường truyền hoặc điện của điểm',
    parent: 'Thiết bị đầu mối hỏng', devices: 'Vài thiết bị trong xã, không theo quy luật', device: 'Một thiết bị', rule: 'Quy tắc phát hiện',
  },
  en: {
    critical: 'Critical', warning: 'Warning', info: 'Note',
    gathering: 'gathering', explained: 'explained by the cause', maintenance: 'in maintenance',
    pipeline: 'The data line of the centre', area: 'A whole commune is silent: power or network, probably', line: 'A line that several sites share', site: 'A whole site is silent: its uplink or power',
    parent: 'A gateway failed', devices: 'Several devices of an area, without a pattern', device: 'One device', rule: 'Found by a rule',
  },
})

/** The rule in words; its own name where it is not one of the shipped. */
export function ruleTitle(name: string): string {
  const both = names[name]
  return both ? both[language.value === 'vi' ? 0 : 1] : name
}

/** One of the texts that the service wrote, in the language of the reader. */
export function textOf(a: Alert, what: 'summary' | 'description' | 'next_step' | 'list'): string | undefined {
  return a.annotations?.[`${what}_${language.value}`] || a.annotations?.[what] || undefined
}

/** One line that says what and where. */
export const titleOf = (a: Alert): string => textOf(a, 'summary') ?? `${ruleTitle(a.name)}: ${a.subject}`

/** What several alerts that people were told of have in common when one operator answers for all of
 * them, as for the zones that a month of drive tests has proven; undefined for anything else. */
export function commonTitle(alerts: readonly Alert[]): string | undefined {
  const [head, ...rest] = alerts.filter((a) => a.told)
  if (!head?.operator || rest.length === 0 || rest.some((a) => a.operator !== head.operator || a.name !== head.name)) return undefined
  return `${ruleTitle(head.name)}: ${operatorName(head.operator)} (${number(1 + rest.length)})`
}

/** Where it is, as far as it is known by name; `area` gives the name of a code. */
export function placeOf(a: Alert, area: (code: string) => string): string {
  return a.annotations?.['place'] || [a.site, a.area && area(a.area)].filter(Boolean).join(', ')
}

export const severityText = (s: Alert['severity']): string => w()[s]
export const severityTone = (s: Alert['severity']): Tone => (({ critical: 'critical', warning: 'warning', info: 'info' }) as const)[s]
export const quietText = (q: NonNullable<Alert['quiet']>): string => w()[q]
export const causeText = (c: Incident['cause']): string => w()[c]

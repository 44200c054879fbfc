// What was done, in words that people understand: the log has methods and paths.
import type { Schemas } from '../../api/client'
import type { Tone } from '../../ui'
import { words } from '../../words'

export type Change = Schemas['Change']

const w = words({
  vi: {
    login: 'Đăng nhập', logout: 'Đăng xuất',
    alert: { acknowledge: 'Nhận xử lý cảnh báo', release: 'Thôi nhận xử lý cảnh báo', assign: 'Giao cảnh báo', comment: 'Ghi chú ở cảnh báo' },
    maintenance: { announce: 'Thông báo bảo trì', extend: 'Đổi giờ kết thúc bảo trì', end: 'Kết thúc hoặc hủy bảo trì' },
    case: { open: 'Lập hồ sơ vùng thiếu sóng', send: 'Gửi hồ sơ cho nhà mạng', answer: 'Ghi câu trả lời của nhà mạng', retest: 'Yêu cầu đo lại', dispute: 'Ghi là chưa thống nhất', close: 'Khép hồ sơ', reopen: 'Mở lại hồ sơ', comment: 'Ghi chú ở hồ sơ' },
    letters: 'Xử lý lại bản tin bị từ chối', silence: 'Đặt khoảng im lặng ở Alertmanager', unsilence: 'Bỏ khoảng im lặng ở Alertmanager', alertmanager: 'Thay đổi ở Alertmanager',
    result: { done: 'xong', wrong: 'sai tên hoặc mật khẩu', forbidden: 'không được phép', missing: 'không có, hoặc ngoài địa bàn', refused: 'bị từ chối', question: 'yêu cầu sai', busy: 'chưa làm được', failed: 'lỗi máy chủ' },
    role: { viewer: 'người xem', field: 'hiện trường', operations: 'điều hành', liaison: 'đầu mối', admin: 'quản trị' },
  },
  en: {
    login: 'Logged in', logout: 'Logged out',
    alert: { acknowledge: 'Acknowledged an alert', release: 'Released an alert', assign: 'Assigned an alert', comment: 'Commented on an alert' },
    maintenance: { announce: 'Announced maintenance', extend: 'Changed the end of maintenance', end: 'Ended or cancelled maintenance' },
    case: { open: 'Opened a gap case', send: 'Sent a gap case to the operator', answer: "Recorded the operator's answer", retest: 'Asked for a re-test', dispute: 'Disputed a gap case', close: 'Closed a gap case', reopen: 'Reopened a gap case', comment: 'Commented on a gap case' },
    letters: 'Processed dead letters again', silence: 'Set a silence in the Alertmanager', unsilence: 'Removed a silence from the Alertmanager', alertmanager: 'Changed something in the Alertmanager',
    result: { done: 'done', wrong: 'wrong name or password', forbidden: 'not allowed', missing: 'not there, or outside the areas', refused: 'refused', question: 'wrong question', busy: 'could not be done', failed: 'the service failed' },
    role: { viewer: 'viewer', field: 'field', operations: 'operations', liaison: 'liaison', admin: 'administrator' },
  },
})

export interface Sentence {
  text: string
  /** What it was done to, and the page that shows it. */
  subject?: { text: string; href: string }
}

const api = '/api/v1'
const member = (of: Record<string, string>, name: string | undefined): string | undefined => (name !== undefined && Object.hasOwn(of, name) ? of[name] : undefined)

/** What a change was; of what is not known, the method and path themselves. */
export function sentenceOf(action: string): Sentence {
  if (action === 'login') return { text: w().login }
  if (action === 'logout') return { text: w().logout }
  const unknown = { text: action }
  const [method, path] = action.split(' ', 2)
  if (path === undefined) return unknown
  if (path.startsWith('/alertmanager/')) return { text: !/\/api\/v2\/silence/.test(path) ? w().alertmanager : method === 'DELETE' ? w().unsilence : w().silence }
  if (method !== 'POST' || !path.startsWith(api)) return unknown
  const [, kind, id, act, ...rest] = path.slice(api.length).split('/')
  if (rest.length > 0) return unknown
  const of = (text: string | undefined, page?: string): Sentence => (text === undefined ? unknown : { text, ...(page && id && { subject: { text: id, href: `${page}/${id}` } }) })
  if (kind === 'alerts') return of(member(w().alert, act), '/alerts')
  if (kind === 'cases') return id === undefined ? of(w().case.open) : of(member(w().case, act), '/cases')
  if (kind === 'maintenance') return id === undefined ? of(w().maintenance.announce) : act === 'announce' ? unknown : of(member(w().maintenance, act))
  if (kind === 'deadletters' && id === 'replay') return of(w().letters)
  return unknown
}

/** What came of it. */
export function resultOf(c: Change): { text: string; tone: Tone } {
  const r = w().result
  if (c.status < 400) return { text: r.done, tone: 'good' }
  if (c.status === 401) return { text: r.wrong, tone: 'warning' }
  if (c.status === 403) return { text: r.forbidden, tone: 'warning' }
  if (c.status === 404) return { text: r.missing, tone: 'warning' }
  if (c.status === 409) return { text: r.refused, tone: 'warning' }
  if (c.status === 429 || c.status === 503) return { text: r.busy, tone: 'high' }
  return c.status < 500 ? { text: r.question, tone: 'warning' } : { text: r.failed, tone: 'critical' }
}

export const roleText = (role: Change['role']): string => (role ? w().role[role] : '')

/** What people wrote with it: the note, without the form it was sent in. */
export function noteOf(what: string | undefined): string {
  if (!what) return ''
  try {
    const sent: unknown = JSON.parse(what)
    if (typeof sent !== 'object' || sent === null) return ''
    const of = sent as Record<string, unknown>
    return [of['text'], of['note'], of['reason']].find((x): x is string => typeof x === 'string' && x !== '') ?? ''
  } catch {
    return '' // cut off; it is shown as it is
  }
}

import { dateTime } from '../format'
import { words } from '../words'
import type { Waiting } from './outbox'

const w = words({
  vi: { acknowledge: (t: string) => `Nhận xử lý đến ${t}`, release: 'Thôi xử lý', comment: (t: string) => `Ghi chú “${t}”`, assign: (t: string) => `Giao cho ${t}` },
  en: { acknowledge: (t: string) => `Acknowledge until ${t}`, release: 'Release', comment: (t: string) => `Note “${t}”`, assign: (t: string) => `Assign to ${t}` },
})

/** What somebody did, in words. */
export function stepWords({ action, body }: Pick<Waiting, 'action' | 'body'>): string {
  switch (action) {
    case 'acknowledge':
      return w().acknowledge(dateTime(body.until))
    case 'release':
      return w().release
    case 'comment':
      return w().comment((body.text ?? '').slice(0, 80))
    case 'assign':
      return w().assign(body.to ?? '')
  }
}

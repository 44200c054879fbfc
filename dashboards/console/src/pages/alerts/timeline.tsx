// What happened to an alert, by rules and by people, the newest first.
import type { Schemas } from '../../api/client'
import { clock, date, dateTime } from '../../format'
import { words } from '../../words'
import { quietText } from './titles'

export type Step = Schemas['Step']

const w = words({
  vi: {
    none: 'Chưa có gì.', rules: 'Hệ thống', fired: 'phát hiện', told: 'báo cho mọi người', held: (why: string) => `không báo riêng: ${why}`, acknowledged: (until: string) => `nhận xử lý đến ${until}`, renewed: 'báo lại: hết hạn nhận xử lý',
    resolved: 'đã hết', released: 'thôi xử lý', assigned: (to: string) => `giao cho ${to}`, unassigned: 'thôi giao cho ai', commented: 'ghi chú', raised: 'ghi nhận', changed: 'thay đổi', muted: 'bắt đầu bảo trì, không báo', unmuted: 'hết bảo trì',
  },
  en: {
    none: 'Nothing yet.', rules: 'phusong', fired: 'found it', told: 'told people', held: (why: string) => `did not tell apart: ${why}`, acknowledged: (until: string) => `acknowledged until ${until}`, renewed: 'told again: the acknowledgement ran out',
    resolved: 'saw its end', released: 'released it', assigned: (to: string) => `assigned it to ${to}`, unassigned: 'assigned it to nobody', commented: 'commented', raised: 'noted it', changed: 'saw a change', muted: 'held it: work began', unmuted: 'work is over',
  },
})

/** What somebody or something did, in words that follow who did it. */
export function stepText(s: Step): string {
  switch (s.what) {
    case 'acknowledged':
      return w().acknowledged(s.until ? dateTime(s.until) : '—')
    case 'assigned':
      return s.to ? w().assigned(s.to) : w().unassigned
    case 'held':
      return w().held(s.text ? quietText(s.text as 'gathering') || s.text : '—')
    default:
      return w()[s.what]
  }
}

/** People's acts come with who did them; the rules' own echo of an acknowledgement says nothing more. */
const tells = (s: Step) => s.what !== 'acknowledged' || !!s.who

/** What people wrote; the text of a step by rules is why it was held, which is said already. */
const written = (s: Step) => (s.who ? s.text : undefined)

export function Timeline({ steps }: { steps: readonly Step[] }) {
  if (steps.length === 0) return <p class="quiet">{w().none}</p>
  return (
    <ol class="timeline" data-testid="history">
      {steps.filter(tells).reverse().map((s, i) => (
        <li key={`${s.at}${s.what}${i}`} class={s.who ? 'person' : undefined}>
          <time dateTime={s.at} class="quiet">
            {date(s.at)} {clock(s.at)}
          </time>
          <div>
            <strong>{s.who || w().rules}</strong> {stepText(s)}
          </div>
          {written(s) && <blockquote>{written(s)}</blockquote>}
        </li>
      ))}
    </ol>
  )
}

// The life of a case in one look.
import { date } from '../../format'
import { words } from '../../words'
import { stepsOf } from './life'
import { type Case, caseWords } from './words'

const w = words({
  vi: { label: 'Vòng đời hồ sơ', done: 'xong', now: 'đang ở đây', ahead: 'chưa tới', skipped: 'bỏ qua' },
  en: { label: 'Life of the case', done: 'done', now: 'here now', ahead: 'ahead', skipped: 'skipped' },
})

export function Stepper({ of }: { of: Case }) {
  return (
    <ol class="stepper" aria-label={w().label} data-testid="stepper">
      {stepsOf(of).map((s) => (
        <li key={s.state} class={`${s.is} ${s.state}`} aria-current={s.is === 'now' ? 'step' : undefined}>
          <span>{caseWords().step[s.state]}</span>
          <small>
            {w()[s.is]}
            {s.at && ` · ${date(s.at)}`}
          </small>
        </li>
      ))}
    </ol>
  )
}

// All that happened to a case, the latest first.
import { dateTime } from '../../format'
import { words } from '../../words'
import { type Case, caseWords, type Resolution } from './words'

type Entry = Case['trail'][number]

const w = words({
  vi: {
    open: 'lập hồ sơ', send: 'gửi nhà mạng, đóng băng bằng chứng', 're-test': 'yêu cầu đo lại', dispute: 'ghi nhận chưa thống nhất', reopen: 'mở lại hồ sơ', comment: 'ghi chú',
    answer: (a: string) => `nhà mạng trả lời: ${a}`, close: (r: string) => `khép hồ sơ: ${r}`, label: 'Nhật ký', evidence: 'Bằng chứng', seal: 'Dấu chuỗi',
  },
  en: {
    open: 'opened the case', send: 'sent it, the evidence is frozen', 're-test': 'asked for a re-test', dispute: 'recorded the dispute', reopen: 'reopened the case', comment: 'commented',
    answer: (a: string) => `recorded the operator's answer: ${a}`, close: (r: string) => `closed the case: ${r}`, label: 'Audit trail', evidence: 'Evidence', seal: 'Seal of the chain',
  },
})

/** What an entry of the trail says, in the words of the page. */
export function told(action: string): string {
  const [what = '', how = ''] = action.split(': ')
  const t = caseWords()
  if (what === 'answer') return w().answer(t.answer[how as 'concedes' | 'contests'] ?? how)
  if (what === 'close') return w().close(t.resolution[how as Resolution] ?? how)
  const plain: Record<string, string> = { open: w().open, send: w().send, 're-test': w()['re-test'], dispute: w().dispute, reopen: w().reopen, comment: w().comment }
  return plain[what] ?? action
}

function Line({ e }: { e: Entry }) {
  return (
    <li class={e.action === 'comment' ? 'comment' : undefined}>
      <span>
        <strong>{e.actor}</strong> {told(e.action)}
      </span>
      <span class="quiet" title={`${w().seal}: ${e.chain}`}>
        {dateTime(e.at)}
      </span>
      {e.note && <span class="said">{e.note}</span>}
      {e.evidence && (
        <span class="quiet">
          {w().evidence}: <span class="hash">{e.evidence.slice(0, 16)}…</span>
        </span>
      )}
    </li>
  )
}

export function Trail({ of }: { of: Case }) {
  return (
    <ol class="timeline" aria-label={w().label} data-testid="trail">
      {of.trail.map((e) => <Line key={e.chain} e={e} />).reverse()}
    </ol>
  )
}

// The four verdicts on coverage, in the words of docs/COVERAGE.md and of the reports.
import type { Schemas } from '../api/client'
import { words } from '../words'
import { Badge, type Tone } from '.'

export type Verdict = Schemas['CellProperties']['verdict']
/** The worst first. */
export const verdicts: readonly Verdict[] = ['dead', 'gap', 'unproven', 'covered']

export const verdictWords = words({
  vi: {
    dead: 'lõm sóng', gap: 'chưa đạt', unproven: 'chưa đủ bằng chứng', covered: 'đạt',
    means: {
      dead: 'Đã chứng minh: chưa tới một nửa số lần thử có dịch vụ.',
      gap: 'Đã chứng minh: dưới 90 % phép đo đạt tốc độ mục tiêu.',
      unproven: 'Chưa chứng minh được điều gì: cần đo thêm. Không có nghĩa là có sóng.',
      covered: 'Đã chứng minh: trên 90 % phép đo đạt tốc độ mục tiêu.',
    },
    deadZone: 'Vùng lõm sóng', slowZone: 'Vùng chậm',
  },
  en: {
    dead: 'dead', gap: 'gap', unproven: 'unproven', covered: 'covered',
    means: {
      dead: 'Proven: fewer than half of the attempts get service at all.',
      gap: 'Proven: fewer than 90 % of the tests reach the target speed.',
      unproven: 'Nothing is proven: more tests are needed. It does not mean that there is coverage.',
      covered: 'Proven: more than 90 % of the tests reach the target speed.',
    },
    deadZone: 'Dead zone', slowZone: 'Slow zone',
  },
})

export const verdictTone: Record<Verdict, Tone> = { dead: 'critical', gap: 'high', unproven: 'unknown', covered: 'good' }

export function VerdictBadge({ verdict }: { verdict: Verdict }) {
  return <Badge tone={verdictTone[verdict]}>{verdictWords()[verdict]}</Badge>
}

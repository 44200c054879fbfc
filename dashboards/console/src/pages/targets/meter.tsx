// How many of the required sites do how, as a bar of parts with its words.
import { number } from '../../format'
import { words } from '../../words'
import { type Target, type TargetState, colors, parts } from './shares'

const w = words({
  vi: { states: { working: 'hoạt động', partly: 'một phần', failed: 'lỗi', 'no service': 'không có dịch vụ', 'not covered': 'chưa phủ', unknown: 'không rõ', maintenance: 'bảo trì' } },
  en: { states: { working: 'working', partly: 'partly', failed: 'failed', 'no service': 'no service', 'not covered': 'not covered', unknown: 'unknown', maintenance: 'maintenance' } },
})

export const targetStateText = (s: TargetState): string => w().states[s]

export function Meter({ target }: { target: Target }) {
  const list = parts(target)
  return (
    <>
      <span class="shares" role="img" aria-label={list.map((p) => `${targetStateText(p.state)} ${number(p.count)}`).join(', ')}>
        {list.map((p) => <span key={p.state} style={{ width: `${100 * p.share}%`, background: `var(${colors[p.state]})` }} />)}
      </span>
      <span class="shares-legend" aria-hidden="true">
        {list.map((p) => <span key={p.state}><span class="swatch" style={{ background: `var(${colors[p.state]})` }} />{targetStateText(p.state)} <strong>{number(p.count)}</strong></span>)}
      </span>
    </>
  )
}

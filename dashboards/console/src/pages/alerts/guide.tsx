// The runbook of an alert, opened when wanted.
import { useEffect, useState } from 'preact/hooks'
import { Progress } from '../../ui'
import { language, words } from '../../words'
import type { Alert } from './book'
import { type Block, type Runbook, codeParts } from './runbook'

const w = words({
  vi: { title: 'Hướng dẫn xử lý', page: 'Trang hướng dẫn', none: 'Quy tắc này chưa có hướng dẫn. Quản trị viên có thể viết một trang và đặt alerts.runbooks.', failed: 'Chưa tải được hướng dẫn; thử lại khi có mạng.' },
  en: { title: 'Runbook', page: 'The page', none: 'This rule has no runbook. An administrator may write a page and set alerts.runbooks.', failed: 'The runbook could not be loaded; try again when there is a network.' },
})

export function Guide({ alert, open: first = false }: { alert: Alert; open?: boolean }) {
  const [open, set] = useState(first)
  return (
    <details class="card runbook" open={open} data-testid="runbook" onToggle={(e) => set(e.currentTarget.open)}>
      <summary>
        <h2>{w().title}</h2>
      </summary>
      {open && <Pages alert={alert} />}
    </details>
  )
}

/** Only what may be followed: an address in an annotation is written by whoever writes rules. */
export const webAddress = (a: string | undefined): string | undefined => (a && /^https?:\/\//i.test(a) ? a : undefined)

function Pages({ alert }: { alert: Alert }) {
  const [book, set] = useState<Runbook | 'none' | 'failed'>()
  useEffect(() => {
    let here = true
    import('./runbooks').then(
      (m) => here && set(m.runbookOf(alert.name) ?? 'none'),
      () => here && set('failed'),
    )
    return () => void (here = false)
  }, [alert.name])
  const link = webAddress(alert.annotations?.['runbook_url'])
  if (book === undefined) return <Progress />
  return (
    <div>
      {typeof book === 'object' ? book[language.value].map((b, i) => <Piece key={i} block={b} />) : !link || book === 'failed' ? <p class="quiet">{w()[book]}</p> : null}
      {link && (
        <a href={link} target="_blank" rel="noopener noreferrer">
          {w().page}
        </a>
      )}
    </div>
  )
}

const Text = ({ text }: { text: string }) => <>{codeParts(text).map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>

function Piece({ block }: { block: Block }) {
  if (block.kind === 'title') return <h3>{block.text}</h3>
  if (block.kind === 'text') return <p><Text text={block.text} /></p>
  return (
    <ul>
      {block.items.map((item, i) => (
        <li key={i}>
          <Text text={item} />
        </li>
      ))}
    </ul>
  )
}

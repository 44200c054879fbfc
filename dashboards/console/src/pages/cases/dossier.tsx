// What was sent, to be read, printed and saved; its hash tells whether anything was changed.
import { date, number } from '../../format'
import { words, language } from '../../words'
import { toast } from '../../ui'
import { SaveLink } from '../../ui/save'
import { dossierLink } from './data'
import type { Dossier } from './frozen'
import { type Case } from './words'

const w = words({
  vi: {
    title: 'Hồ sơ bằng chứng đã gửi', view: 'Xem', print: 'In', save: 'Tải về', hash: 'SHA-256', round: (n: string, day: string) => `Lần gửi thứ ${n}, bằng chứng ngày ${day}.`, tests: (n: string) => `${n} phép đo được tính`,
    none: 'Chưa gửi nên chưa có hồ sơ. Khi gửi, bằng chứng được đóng băng và có mã SHA-256.', blocked: 'Trình duyệt chặn cửa sổ mới. Bấm «Xem» rồi in từ trình duyệt.', json: 'JSON (bản gốc để đối chiếu mã)', tool: 'Nhà mạng tính lại được mọi kết luận từ tệp JSON.',
  },
  en: {
    title: 'Dossier as sent', view: 'View', print: 'Print', save: 'Save', hash: 'SHA-256', round: (n: string, day: string) => `Sent ${n === '1' ? 'once' : `${n} times`}; evidence of ${day}.`, tests: (n: string) => `${n} tests that count`,
    none: 'Nothing was sent yet. Sending freezes the evidence and seals it with its SHA-256.', blocked: 'The browser blocked the new window. Use “View” and print from there.', json: 'JSON (what the hash is of)', tool: 'The operator can recompute every verdict from the JSON.',
  },
})

/** Opens the printable page and prints it when it is there. */
function print(link: string): void {
  const page = window.open(link, '_blank')
  if (!page) return toast(w().blocked, 'critical')
  page.addEventListener('load', () => page.print())
}

export function DossierCard({ of, dossier }: { of: Case; dossier: Dossier | undefined }) {
  if (!of.hash) {
    return (
      <section class="card">
        <h2>{w().title}</h2>
        <p class="quiet">{w().none}</p>
      </section>
    )
  }
  const page = dossierLink(of.id, 'html', language.value)
  return (
    <section class="card" data-testid="dossier">
      <h2>{w().title}</h2>
      {dossier && (
        <span>
          {w().round(number(of.round), date(dossier.day))} {w().tests(number(dossier.cells.reduce((n, c) => n + c.tests.length, 0)))}
        </span>
      )}
      <div class="row no-print">
        <a class="button main" href={page} target="_blank" rel="noopener" data-testid="dossier-view">
          {w().view}
        </a>
        <button type="button" onClick={() => print(page)}>
          {w().print}
        </button>
      </div>
      <div class="row no-print">
        {w().save}:
        {(['xlsx', 'csv', 'geojson'] as const).map((f) => (
          <SaveLink key={f} href={dossierLink(of.id, f, language.value)} name={`${of.id}.${f}`}>
            {f === 'geojson' ? 'GeoJSON' : f.toUpperCase()}
          </SaveLink>
        ))}
        <SaveLink href={`/api/v1/cases/${encodeURIComponent(of.id)}/dossier`} name={`${of.id}.json`}>
          {w().json}
        </SaveLink>
      </div>
      <div>
        <span class="quiet">{w().hash}</span>
        <div class="hash" data-testid="hash">
          {of.hash}
        </div>
      </div>
      <p class="quiet">{w().tool}</p>
    </section>
  )
}

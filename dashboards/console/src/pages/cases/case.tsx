// One gap case: where it stands, the evidence, and what can be done.
import { useRoute } from 'preact-iso'
import { dateTime, number } from '../../format'
import { may } from '../../session'
import { Badge, Loaded, Page } from '../../ui'
import { useNow } from '../../ui/now'
import { operatorName } from '../../ui/operators'
import { words } from '../../words'
import { useAreas } from '../alerts/useareas'
import { Acts } from './acts'
import { CaseMap } from './casemap'
import { type Review, useCase, useDossier, useReview } from './data'
import { DossierCard } from './dossier'
import { Evidence, Hours } from './evidence'
import { type Dossier, rowsOf } from './frozen'
import { Deadline } from './index'
import { openedAt, turnOf } from './life'
import { Retest } from './retest'
import { Stepper } from './stepper'
import { Struck } from './strikes'
import { Trail } from './trail'
import { type Case, caseWords, stateTone } from './words'
import './cases.css'

const w = words({
  vi: {
    title: (id: string) => `Hồ sơ ${id}`, back: 'Mọi hồ sơ', next: 'Việc tiếp theo', facts: 'Tóm tắt', operator: 'Nhà mạng', where: 'Nơi', state: 'Trạng thái', due: 'Hạn', opened: 'Lập lúc', cells: 'Số ô', zone: 'Vùng', round: 'Đã gửi', times: (n: string) => `${n} lần`,
    answer: 'Trả lời', resolution: 'Kết quả', struck: 'Phép đo đã loại', evidence: 'Bằng chứng', trail: 'Nhật ký hồ sơ', map: 'Vị trí', readOnly: 'Vai trò của bạn chỉ được xem hồ sơ.', rules: (r: string) => `Bộ quy tắc ${r}. «Hiện nay» là 90 ngày gần đây.`,
  },
  en: {
    title: (id: string) => `Case ${id}`, back: 'All cases', next: 'Next', facts: 'In short', operator: 'Operator', where: 'Where', state: 'State', due: 'Deadline', opened: 'Opened', cells: 'Cells', zone: 'Zone', round: 'Sent', times: (n: string) => (n === '1' ? 'once' : `${n} times`),
    answer: 'Answer', resolution: 'Result', struck: 'Struck tests', evidence: 'Evidence', trail: 'All that happened', map: 'Where', readOnly: 'Your role may look at cases only.', rules: (r: string) => `Rule-set ${r}. “Now” is the last 90 days.`,
  },
})

function Facts({ of, now }: { of: Case; now: number }) {
  const areas = useAreas()
  const t = caseWords()
  const opened = openedAt(of)
  return (
    <section class="card">
      <h2>{w().facts}</h2>
      <dl class="facts">
        <dt>{w().state}</dt>
        <dd data-testid="state">
          <Badge tone={stateTone[of.state]}>{t.state[of.state]}</Badge>
        </dd>
        <dt>{w().operator}</dt>
        <dd>{operatorName(of.operator)}</dd>
        <dt>{w().where}</dt>
        <dd>{of.areas.map(areas.name).join(', ') || '—'}</dd>
        <dt>{w().due}</dt>
        <dd>
          <Deadline of={of} now={now} />
        </dd>
        <dt>{w().opened}</dt>
        <dd>{opened ? dateTime(opened) : '—'}</dd>
        {of.round > 0 && <dt>{w().round}</dt>}
        {of.round > 0 && <dd>{w().times(number(of.round))}</dd>}
        {of.answer && <dt>{w().answer}</dt>}
        {of.answer && <dd>{t.answer[of.answer]}</dd>}
        {of.resolution && <dt>{w().resolution}</dt>}
        {of.resolution && <dd>{t.resolution[of.resolution]}</dd>}
        <dt>{w().cells}</dt>
        <dd>{number(of.cells.length)}</dd>
        {of.zone && <dt>{w().zone}</dt>}
        {of.zone && <dd class="hash">{of.zone}</dd>}
        {of.strikes && <dt>{w().struck}</dt>}
        {of.strikes && (
          <dd>
            <Struck list={of.strikes} />
          </dd>
        )}
      </dl>
    </section>
  )
}

function Body({ of, review, dossier }: { of: Case; review: Review; dossier: Dossier | undefined }) {
  return (
    <>
      <section class="card">
        <h2>{w().evidence}</h2>
        <p class="quiet">{w().rules(review.rules)}</p>
        <Evidence rows={rowsOf(of.cells, dossier, review.cells)} operator={of.operator} />
        {dossier && <Hours cells={dossier.cells} />}
      </section>
      <Retest of={of} review={review} />
    </>
  )
}

export default function CasePage() {
  const id = decodeURIComponent(useRoute().params['id'] ?? '')
  const data = useCase(id)
  const review = useReview(id)
  const dossier = useDossier(id, data.value?.hash)
  const now = useNow(30_000)
  const changed = () => (data.reload(), review.reload())
  return (
    <Page title={w().title(id)} actions={<a href="/cases">{w().back}</a>}>
      <Loaded data={data}>
        {(c) => (
          <>
            <Stepper of={c} />
            <div class="note row" style={{ justifyContent: 'space-between' }}>
              <span data-testid="next">
                <strong>{w().next}:</strong> {caseWords().next[turnOf(c)]}
              </span>
              {may('cases') ? <Acts of={c} review={review.value} dossier={dossier.value} changed={changed} /> : <span class="quiet">{w().readOnly}</span>}
            </div>
            <div class="split">
              <div class="stack">
                <Loaded data={review}>{(r) => <Body of={c} review={r} dossier={dossier.value} />}</Loaded>
                <section class="card">
                  <h2>{w().trail}</h2>
                  <Trail of={c} />
                </section>
              </div>
              <div class="stack">
                <Facts of={c} now={now} />
                <DossierCard of={c} dossier={dossier.value} />
                <section class="card no-print">
                  <h2>{w().map}</h2>
                  {review.value && <CaseMap of={c} review={review.value} />}
                </section>
              </div>
            </div>
          </>
        )}
      </Loaded>
    </Page>
  )
}

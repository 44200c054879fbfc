// The evidence on one cell and operator: what is proven, by what, and what is missing.
import { useLocation, useRoute } from 'preact-iso'
import { answer, api } from '../../api/client'
import { type Data, useData } from '../../api/data'
import { ago, number } from '../../format'
import { Choice, Empty, Loaded, Page } from '../../ui'
import { cellLink } from '../../ui/maplink'
import { loadAreas } from '../../ui/mapbase'
import { operatorName, operators } from '../../ui/operators'
import './cell.css'
import { Counts } from './counts'
import { CaseLink } from './opencase'
import { Others, Turns } from './others'
import { PlaceCard } from './place'
import { Speed } from './speed'
import { Tests } from './tests'
import { VerdictCard, onMap } from './verdict'
import type { Evidence } from './why'
import { w } from './words'

export default function CellPage() {
  const cell = useRoute().params['cell'] ?? ''
  const { query, route } = useLocation()
  const operator = query['operator'] ?? operators.value[0]?.code ?? ''
  const params = { path: { cell }, query: { operator } }
  const evidence = useData(`cell ${cell} ${operator}`, (signal) => answer(api.GET('/api/v1/coverage/cells/{cell}', { params, signal })), { on: ['coverage'] })
  const e = evidence.value
  const options = operators.value.map((o) => ({ value: o.code, text: o.name }))
  if (!options.some((o) => o.value === operator)) options.push({ value: operator, text: operatorName(operator) })
  return (
    <Page title={`${w().title(cell)} · ${operatorName(operator)}`} actions={e && (
      <>
        <a class="button" href={onMap(e)}>
          {w().map}
        </a>
        <CaseLink of={e} />
      </>
    )}>
      <div>
        <Choice label={w().operator} value={operator} options={options} choose={(o) => route(cellLink(cell, o), true)} />
      </div>
      {evidence.problem?.status === 404 ? <Untested operator={operator} /> : <Loaded data={evidence}>{(v) => <Found of={v} />}</Loaded>}
    </Page>
  )
}

function Untested({ operator }: { operator: string }) {
  return (
    <Empty title={w().untested(operatorName(operator))}>
      <span>
        {w().untestedNext} <a href={`/survey?operator=${encodeURIComponent(operator)}`}>{w().plan}</a>
      </span>
    </Empty>
  )
}

function Found({ of: e }: { of: Evidence }) {
  const history = useData(`history ${e.cell} ${e.operator}`, (signal) => answer(api.GET('/api/v1/coverage/cells/{cell}/history', { params: { path: { cell: e.cell }, query: { operator: e.operator } }, signal })), { on: ['coverage'] })
  const areas: Data<Awaited<ReturnType<typeof loadAreas>>> = useData('areas', loadAreas)
  const area = areas.value?.features.find((f) => f.properties.code === e.area)?.properties
  return (
    <>
      <div class="split">
        <div class="stack">
          <VerdictCard of={e} />
          {e.decision.tests > 0 && <Speed of={e} />}
          <Loaded data={history}>{(h) => <Counts of={h} />}</Loaded>
        </div>
        <div class="stack">
          <Loaded data={history}>
            {(h) => (
              <>
                <PlaceCard of={e} history={h} />
                <Others cell={e.cell} shown={e.operator} operators={h.operators} />
                <Turns turns={h.turns} />
              </>
            )}
          </Loaded>
          <section class="card">
            <h2>{w().facts}</h2>
            <dl class="facts">
              <dt>{w().area}</dt>
              <dd>{area ? `${area.type} ${area.name}` : w().unknownArea}</dd>
              <dt>{w().devices}</dt>
              <dd>{number(e.summary.devices)}</dd>
              <dt>{w().days}</dt>
              <dd>{number(e.summary.days)}</dd>
              <dt>{w().last}</dt>
              <dd>{e.summary.last ? ago(e.summary.last) : '—'}</dd>
            </dl>
          </section>
        </div>
      </div>
      <Tests cell={e.cell} operator={e.operator} />
    </>
  )
}

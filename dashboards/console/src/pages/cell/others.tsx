// The operators of the cell side by side, and how the verdict on the one shown came about.
import { type Schemas, answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { date, number, percent } from '../../format'
import { Loaded, Table } from '../../ui'
import { cellLink } from '../../ui/maplink'
import { operatorName } from '../../ui/operators'
import { VerdictBadge, verdictWords } from '../../ui/verdict'
import type { Evidence } from './why'
import { w } from './words'

export function Others({ cell, shown, operators }: { cell: string; shown: string; operators: readonly string[] }) {
  const data = useData(`others ${cell} ${operators.join(' ')}`, (signal) =>
    Promise.all(operators.map((operator) => answer(api.GET('/api/v1/coverage/cells/{cell}', { params: { path: { cell }, query: { operator } }, signal })))), { on: ['coverage'] })
  return (
    <section class="card" data-testid="others">
      <h2 id="others">{w().others}</h2>
      <Loaded data={data}>{(all) => <OthersTable all={all} shown={shown} />}</Loaded>
    </section>
  )
}

function OthersTable({ all, shown }: { all: readonly Evidence[]; shown: string }) {
  return (
    <Table
      label={w().others} rows={all} rowKey={(e) => e.operator}
      columns={[
        { title: w().operator, cell: (e) => (e.operator === shown ? <strong>{operatorName(e.operator)}</strong> : <a href={cellLink(e.cell, e.operator)}>{operatorName(e.operator)}</a>) },
        { title: w().verdict, cell: (e) => <VerdictBadge verdict={e.standing.verdict} /> },
        { title: w().tests, cell: (e) => number(e.decision.tests), number: true },
        { title: w().share, cell: (e) => (e.decision.tests > 0 ? percent((e.decision.tests - e.decision.negative) / e.decision.tests) : '—'), number: true },
        { title: w().median, cell: (e) => number(e.summary.p50_mbps, 1), number: true },
      ]}
    />
  )
}

export function Turns({ turns }: { turns: readonly Schemas['Turn'][] }) {
  return (
    <section class="card" aria-labelledby="history" data-testid="history">
      <h2 id="history">{w().history}</h2>
      {turns.length === 0 ? (
        <span class="quiet">{w().noTurns}</span>
      ) : (
        <ol class="turns">
          {[...turns].reverse().map((t) => (
            <li key={t.day}>
              <span class="number">{date(t.day)}</span> <VerdictBadge verdict={t.verdict} /> <span class="visually-hidden">{w().became(verdictWords()[t.verdict])}</span>
            </li>
          ))}
          <li class="quiet">{w().before0}</li>
        </ol>
      )}
    </section>
  )
}

// The verdict and why, and what it would take to prove something.
import { date, number } from '../../format'
import { mapLink } from '../../ui/maplink'
import { VerdictBadge, verdictWords } from '../../ui/verdict'
import { type Evidence, conditions, leansTo, timeOfDay } from './why'
import { w } from './words'

export function VerdictCard({ of: e }: { of: Evidence }) {
  const d = e.decision
  const claim = leansTo(e)
  return (
    <section class="card" aria-labelledby="verdict" data-testid="verdict">
      <div class="row">
        <h2 id="verdict">{w().verdict}</h2>
        <VerdictBadge verdict={e.standing.verdict} />
        <span class="quiet">{w().target(number(e.target_mbps))}</span>
      </div>
      <p>{verdictWords().means[e.standing.verdict]}</p>
      {e.standing.verdict !== 'unproven' && (
        <p class="quiet">
          {w().stands(date(e.standing.since))}; {w().provenOn(date(e.standing.proven))}.
        </p>
      )}
      {d.verdict !== e.standing.verdict && <p class="note">{w().alone(verdictWords()[d.verdict])}</p>}
      <h3>
        {w().why}: {verdictWords()[claim]}
      </h3>
      <p>
        {w().window(date(e.from), date(e.to))}. {w().count(number(d.tests), number(d.tests - d.negative), number(d.unusable))}
      </p>
      <ul class="conditions">
        {conditions(e, claim).map((c) => (
          <li key={c.text} class={c.holds ? 'holds' : 'fails'}>
            <span aria-hidden="true">{c.holds ? '✓' : '✗'}</span>
            <span>
              {c.text} <span class="visually-hidden">({c.holds ? w().met : w().unmet})</span>
            </span>
          </li>
        ))}
      </ul>
      {e.further && <Missing of={e} />}
      <span class="quiet">
        {w().rules} {e.rules}. {w().method}
      </span>
    </section>
  )
}

function Missing({ of: e }: { of: Evidence }) {
  const f = e.further!
  const times = [f.until !== undefined && w().before(timeOfDay(f.until)), f.after !== undefined && w().after(timeOfDay(f.after))].filter(Boolean)
  return (
    <div class="stack note" data-testid="missing">
      <h3>{w().missing}</h3>
      <span>
        {f.tests > 0 ? w().further(number(f.tests)) : w().never} ({w().toCovered(number(f.to_covered))}; {w().toGap(number(f.to_gap))})
      </span>
      {!!f.points?.length && (
        <span>
          {w().where}: {f.points.map((p) => w().pointNeed(String(p.index), number(p.tests))).join(', ')}
        </span>
      )}
      {times.length > 0 && (
        <span>
          {w().whenDay}: {times.join(` ${w().or} `)}
        </span>
      )}
      <a href={`/survey?operator=${e.operator}&lat=${e.lat}&lon=${e.lon}`}>{w().plan}</a>
    </div>
  )
}

/** Where the cell is on the big map. */
export const onMap = (e: Evidence) => mapLink({ operator: e.operator, lat: e.lat, lon: e.lon, zoom: 13, cell: e.cell })

// The zones of the operator as a list: the map for those who do not see it, and the short way
// to what is worst for those who do.
import { date, number } from '../../format'
import { Empty } from '../../ui'
import { VerdictBadge } from '../../ui/verdict'
import type { Names } from './popup'
import { w } from './words'
import { type ZoneFeature, worstFirst } from './zones'

const most = 100

export function ZoneList({ zones, names, chosen, choose }: { zones: readonly ZoneFeature[]; names: Names; chosen: string | undefined; choose: (z: ZoneFeature) => void }) {
  if (zones.length === 0) {
    return (
      <Empty title={w().noZones}>
        <span>
          {w().noZonesNext} <a href="/survey">{w().survey}</a>
        </span>
      </Empty>
    )
  }
  return (
    <ol class="zones" data-testid="zones">
      {worstFirst(zones).slice(0, most).map((z) => {
        const p = z.properties
        return (
          <li key={p.id}>
            <button type="button" aria-pressed={p.id === chosen} onClick={() => choose(z)} data-testid="zone" data-zone={p.id} data-verdict={p.verdict}>
              <VerdictBadge verdict={p.verdict} />
              <strong>{w().residents(number(p.population_estimate))}</strong>
              <span>{p.areas.map(names).join(', ')}</span>
              <span class="quiet">
                {w().size(number(p.cells), number(p.area_km2, 1))} · {w().since(date(p.born))}
              </span>
            </button>
          </li>
        )
      })}
    </ol>
  )
}

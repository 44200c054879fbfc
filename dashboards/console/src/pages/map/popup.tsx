// What is said of the thing that is pointed at.
import type { ComponentChildren } from 'preact'
import type { Schemas } from '../../api/client'
import { ago, date, number } from '../../format'
import { Badge } from '../../ui'
import { ranks } from '../../ui/mapicons'
import { cellLink } from '../../ui/maplink'
import { operatorName } from '../../ui/operators'
import { type Verdict, VerdictBadge, verdictWords, verdicts } from '../../ui/verdict'
import { type Device, type Site, deviceTones, siteTones } from './marks'
import { w } from './words'

/** What a hexagon of a tile says of itself; one that stands for many has `cells` and a count of each verdict. */
export interface TileCell {
  cell: string
  operator: string
  verdict: Verdict
  area?: string
  tests?: number
  median_mbps?: number
  share?: number
  cells?: number
  dead?: number
  gap?: number
  covered?: number
  unproven?: number
}

export type Names = (area: string) => string

type Fact = [name: string, value: ComponentChildren] | false | undefined

function Facts({ facts }: { facts: Fact[] }) {
  return (
    <dl class="facts">
      {facts.map((f) => f && [<dt key={f[0]}>{f[0]}</dt>, <dd key={f[0] + '='}>{f[1]}</dd>])}
    </dl>
  )
}

function Group({ c }: { c: TileCell }) {
  const all = c.cells ?? 0
  const tested = verdicts.reduce((n, v) => n + (c[v] ?? 0), 0)
  return (
    <>
      <Facts facts={[...verdicts.map((v): Fact => !!c[v] && [verdictWords()[v], number(c[v])]), all > tested && [w().untested, number(all - tested)]]} />
      <span class="quiet">{w().stands(number(all))}</span>
    </>
  )
}

export function CellPopup({ cell: c, names, brief }: { cell: TileCell; names: Names; brief?: boolean }) {
  return (
    <div class="stack" data-testid="cell-popup">
      <div class="row">
        <VerdictBadge verdict={c.verdict} /> {operatorName(c.operator)}
      </div>
      {!brief && <span>{verdictWords().means[c.verdict]}</span>}
      {c.cells === undefined ? (
        <>
          <Facts
            facts={[
              [w().tests, number(c.tests)],
              !!c.tests && [w().median, w().mbps(number(c.median_mbps, 1))],
              !!c.area && [w().area, names(c.area)],
            ]}
          />
          {!brief && <a href={cellLink(c.cell, c.operator)}>{w().evidence}</a>}
        </>
      ) : (
        <Group c={c} />
      )}
    </div>
  )
}

export function SitePopup({ site: s, names, brief }: { site: Site; names: Names; brief?: boolean }) {
  const down: Fact = s.expected > 0 && [w().down, w().of(number(s.down), number(s.expected))]
  return (
    <div class="stack" data-testid="site-popup">
      <strong>{s.name || s.id}</strong>
      <div class="row">
        <Badge tone={siteTones[s.verdict]}>{w().sitesAre[s.verdict]}</Badge>
        <span class="quiet">{w().categories[s.category]}</span>
        {s.required && <span class="quiet">· {w().required}</span>}
      </div>
      <Facts facts={[down, [w().clients, number(s.clients)], [w().area, names(s.area)]]} />
      {!brief && <a href={`/devices?site=${encodeURIComponent(s.id)}`}>{w().openSite}</a>}
    </div>
  )
}

export function DevicePopup({ device: d, names, brief }: { device: Device; names: Names; brief?: boolean }) {
  return (
    <div class="stack" data-testid="device-popup">
      <strong>{d.name || d.id}</strong>
      <div class="row">
        <Badge tone={deviceTones[d.state]}>{w().states[d.state]}</Badge>
        <span class="quiet">{w().deviceKinds[d.kind]}</span>
        {!d.registered && <span class="quiet">· {w().unregistered}</span>}
      </div>
      <Facts facts={[[w().lastSeen, d.last_seen ? ago(d.last_seen) : w().never], !!d.area && [w().area, names(d.area)]]} />
      {!brief && <a href={`/devices/${encodeURIComponent(d.id)}`}>{w().openDevice}</a>}
    </div>
  )
}

export function ZonePopup({ zone: z, names, brief, mayOpen }: { zone: Schemas['ZoneProperties']; names: Names; brief?: boolean; mayOpen?: boolean }) {
  return (
    <div class="stack" data-testid="zone-popup">
      <strong>{z.verdict === 'dead' ? verdictWords().deadZone : verdictWords().slowZone}</strong>
      <div class="row">
        <VerdictBadge verdict={z.verdict} /> {operatorName(z.operator)}
      </div>
      <Facts
        facts={[
          [w().population, number(z.population_estimate)],
          [w().cellsOf, number(z.cells)],
          [w().surface, `${number(z.area_km2, 1)} km²`],
          [w().born, date(z.born)],
          z.areas.length > 0 && [w().area, z.areas.map(names).join(', ')],
        ]}
      />
      {!brief && mayOpen && <a href={`/cases?zone=${encodeURIComponent(z.id)}`}>{w().cases}</a>}
    </div>
  )
}

export function GroupPopup({ all, bad, worst }: { all: number; bad: number; worst: number }) {
  return (
    <div class="stack">
      <Badge tone={ranks[worst] ?? 'unknown'}>{w().members(number(all), number(bad))}</Badge>
      <span class="quiet">{w().zoomIn}</span>
    </div>
  )
}


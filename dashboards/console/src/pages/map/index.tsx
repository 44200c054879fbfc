// The map: where coverage is proven good, proven bad or not proven, and where sites and
// devices fail. All that it shows is in the address, so that a view can be sent to somebody.
import { useLocation } from 'preact-iso'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Problem, answer, api } from '../../api/client'
import { useData } from '../../api/data'
import { date } from '../../format'
import { may } from '../../session'
import { Choice, Empty, ProblemNote, explain, toast } from '../../ui'
import { boxOf, loadAreas } from '../../ui/mapbase'
import { operatorName, operators } from '../../ui/operators'
import { type Verdict, verdicts } from '../../ui/verdict'
import { useAddress, usual } from './address'
import type { Seen } from './board'
import { DaySlider } from './dayslider'
import { useCounts, useDays, useDevices, useSites, useZones } from './facts'
import { Legend } from './legend'
import './map.css'
import type { Thing } from './pointing'
import { CellPopup, DevicePopup, GroupPopup, SitePopup, type TileCell, ZonePopup } from './popup'
import { type Found, indexOf } from './search'
import { SearchBox } from './searchbox'
import { MapStage, type Stage } from './stage'
import { w } from './words'
import { ZoneList } from './zonelist'
import { type ZoneFeature, boxOfZone, countsOf, worstOperator } from './zones'

/** Everything that the page knows. */
function useFacts(operator: string | undefined, day: string | undefined) {
  const areas = useData('areas', loadAreas)
  const zones = useZones(day)
  const chosen = operator ?? (zones.value || zones.problem ? (worstOperator(zones.value ?? []) ?? operators.value[0]?.code) : undefined)
  const [sites, devices, days, counts] = [useSites(), useDevices(), useDays(), useCounts(chosen, day)]
  const version = useRef(0)
  const judged = useMemo(() => ++version.current, [zones.value]) // zones are loaded anew whenever the map was judged
  const names = useMemo(() => {
    const all = new Map(areas.value?.features.map((f) => [f.properties.code as string, f.properties.name]))
    return (code: string) => all.get(code) ?? code
  }, [areas.value])
  return { areas, zones, sites, devices, days, counts, names, judged, operator: chosen }
}
type Facts = ReturnType<typeof useFacts>

const nothing: readonly never[] = []

/** What is said of a thing on the map. */
function told(t: Thing, brief: boolean, f: Facts) {
  const { names } = f
  const id = t.properties['id']
  switch (t.kind) {
    case 'group':
      return brief ? <GroupPopup all={Number(t.properties['point_count'])} bad={Number(t.properties['bad'])} worst={Number(t.properties['worst'])} /> : undefined
    case 'site': {
      const site = f.sites.value?.find((s) => s.id === id)
      return site && <SitePopup site={site} names={names} brief={brief} />
    }
    case 'device': {
      const device = f.devices.value?.find((d) => d.id === id)
      return device && <DevicePopup device={device} names={names} brief={brief} />
    }
    case 'cell':
      return <CellPopup cell={t.properties as unknown as TileCell} names={names} brief={brief} />
  }
}

/** Where a cell is, if it was tested. */
async function outlineOf(cell: string, operator: string): Promise<GeoJSON.Polygon | undefined> {
  try {
    const h = await answer(api.GET('/api/v1/coverage/cells/{cell}/history', { params: { path: { cell }, query: { operator } } }))
    return { type: 'Polygon', coordinates: [h.outline as number[][]] }
  } catch (e) {
    toast(e instanceof Problem && e.status !== 404 ? explain(e) : w().noCell, 'warning')
    return undefined
  }
}

const middle = (z: ZoneFeature): [number, number] => {
  const [west, south, east, north] = boxOfZone(z) ?? [0, 0, 0, 0]
  return [(west + east) / 2, north - (north - south) * 0.1]
}

export default function MapPage() {
  const { url } = useLocation()
  const { place, change } = useAddress(url)
  const f = useFacts(place.operator, place.day)
  const [shownVerdicts, setVerdicts] = useState<readonly Verdict[]>(verdicts)
  const [stage, setStage] = useState<Stage>()
  const layers = place.layers ?? usual
  const operator = f.operator
  const seen: Seen | undefined = operator === undefined ? undefined : {
    operator, day: place.day, version: f.judged, layers, verdicts: shownVerdicts,
    zones: f.zones.value ?? nothing, sites: f.sites.value ?? nothing, devices: f.devices.value ?? nothing,
  }
  useEffect(() => {
    document.title = `${w().title} · phusong`
  }, [w().title])

  const showZone = (z: ZoneFeature) => {
    change({ operator: z.properties.operator, zone: z.properties.id })
    stage?.go({ box: boxOfZone(z) })
    stage?.say(middle(z), <ZonePopup zone={z.properties} names={f.names} mayOpen={may('cases')} />)
  }
  const showFound = (x: Found) => {
    if (x.kind === 'site' || x.kind === 'device') {
      const layer = `${x.kind}s` as const
      change({ layers: layers.includes(layer) ? layers : [...layers, layer] })
      const said = told({ kind: x.kind, properties: { id: x.id }, feature: undefined as never }, false, f)
      if (x.at && said) stage?.say(x.at, said)
    }
    if (x.kind !== 'cell') return stage?.go({ ...x, zoom: 15 })
    if (operator) {
      void outlineOf(x.id, operator).then((outline) => {
        if (!outline) return
        stage?.go({ box: boxOf(outline.coordinates[0]!) })
        stage?.choose(outline)
      })
    }
  }
  usePointed(place, f, stage, showZone, showFound)
  const index = useMemo(() => indexOf(f.areas.value, f.sites.value ?? [], f.devices.value ?? []), [f.areas.value, f.sites.value, f.devices.value])
  const total = f.counts.value && verdicts.reduce((n, v) => n + f.counts.value![v], 0)
  const own = (f.zones.value ?? nothing).filter((z) => z.properties.operator === operator)
  return (
    <main class="map-page" id="main" tabIndex={-1}>
      <h1 class="visually-hidden">{w().title}</h1>
      <div class="board">
        <MapStage seen={seen} at={place} moved={change} tell={(t, brief) => told(t, brief, f)} ready={setStage} />
        <div class="top">
          {place.day && <div class="note warn">{w().past(date(place.day))}</div>}
          {f.zones.problem && (f.zones.problem.status === 503 ? <div class="note" role="status">{w().judging}</div> : <ProblemNote problem={f.zones.problem} again={f.zones.reload} />)}
          {total === 0 && operator && (
            <div class="note">
              <Empty title={w().noTests(operatorName(operator))}>
                <span>
                  {w().noTestsNext} <a href="/survey">{w().survey}</a>
                </span>
              </Empty>
            </div>
          )}
        </div>
        {f.days.value && f.days.value.first < f.days.value.last && <DaySlider {...f.days.value} day={place.day} choose={(day) => change({ day })} />}
      </div>
      <aside aria-label={w().shown}>
        <SearchBox index={index} choose={showFound} />
        <Operators zones={f.zones.value ?? nothing} value={operator} choose={(o) => change({ operator: o, zone: undefined })} />
        <section aria-labelledby="bad" class="stack">
          <div>
            <h2 id="bad">{w().bad}</h2>
            <span class="quiet">{w().worst}</span>
          </div>
          {f.zones.value && <ZoneList zones={own} names={f.names} chosen={place.zone} choose={showZone} />}
        </section>
        <details open>
          <summary>{w().legend}</summary>
          <Legend shown={{ layers, verdicts: shownVerdicts }} counts={f.counts.value} set={(s) => (setVerdicts(s.verdicts), change({ layers: s.layers }))} />
        </details>
        {f.areas.value?.features.some((x) => x.properties.approximate) && <p class="quiet small">{w().approximate}</p>}
      </aside>
    </main>
  )
}

/** Operators side by side, with how many bad zones each has. */
function Operators({ zones, value, choose }: { zones: readonly ZoneFeature[]; value: string | undefined; choose: (code: string) => void }) {
  const options = operators.value.map((o) => {
    const n = countsOf(zones, o.code)
    return { value: o.code, text: n.dead + n.gap > 0 ? `${o.name} (${n.dead + n.gap})` : o.name }
  })
  if (value !== undefined && !options.some((o) => o.value === value)) options.push({ value, text: operatorName(value) })
  return <Choice label={w().operator} value={value ?? ''} options={options} choose={choose} />
}

/** Goes, once, to what the address points at. */
function usePointed(place: { zone?: string; site?: string; device?: string; area?: string; cell?: string }, f: Facts, stage: Stage | undefined, showZone: (z: ZoneFeature) => void, showFound: (x: Found) => void) {
  const done = useRef('')
  useEffect(() => {
    const kind = (['zone', 'site', 'device', 'area', 'cell'] as const).find((k) => place[k])
    const id = kind && place[kind]
    if (!stage || !kind || !id || done.current === kind + id) return
    if (kind === 'zone') {
      const z = f.zones.value?.find((x) => x.properties.id === id)
      if (z) showZone(z)
      else return
    } else if (kind === 'cell') {
      if (!f.operator) return
      showFound({ kind, id, title: id })
    } else {
      const entry = indexOf(f.areas.value, f.sites.value ?? [], f.devices.value ?? []).entries.find((x) => x.found.kind === kind && x.found.id === id)
      if (entry) showFound(entry.found)
      else return
    }
    done.current = kind + id
  }, [stage, place, f.zones.value, f.areas.value, f.sites.value, f.devices.value, f.operator])
}

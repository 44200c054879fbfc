// Sites and devices on the map: near ones become one mark, which bears the worst state of all.
import type { ExpressionSpecification, LayerSpecification, Map as LibreMap } from 'maplibre-gl'
import type { Schemas } from '../../api/client'
import type { Tone } from '../../ui'
import { colour } from '../../ui/mapcolours'
import { setFeatures, under } from '../../ui/mapbase'
import { ranks } from '../../ui/mapicons'
import { font } from '../../ui/maplabels'

export type Site = Schemas['Site']
export type Device = Schemas['Device']
export type MarkKind = 'site' | 'device'

export const siteTones: Record<Site['verdict'], Tone> = { working: 'good', unknown: 'unknown', partly: 'warning', failed: 'high', 'no service': 'critical' }
export const deviceTones: Record<Device['state'], Tone> = { up: 'good', retired: 'info', maintenance: 'info', unknown: 'unknown', late: 'warning', silent: 'critical', offline: 'critical' }

const rankOf = (tone: Tone | undefined) => Math.max(0, ranks.indexOf(tone ?? 'unknown'))

function feature(id: string, lat: number, lon: number, tone: Tone | undefined): GeoJSON.Feature {
  return { type: 'Feature', geometry: { type: 'Point', coordinates: [lon, lat] }, properties: { id, rank: rankOf(tone) } }
}

/** What a map needs of sites: where, and how bad. */
export const siteFeatures = (sites: Iterable<Site>) => [...sites].map((s) => feature(s.id, s.lat, s.lon, siteTones[s.verdict]))

/** What a map needs of devices; those that are retired or nowhere are left out. */
export const deviceFeatures = (devices: Iterable<Device>) =>
  [...devices].flatMap((d) => (d.state === 'retired' || d.lat === undefined || d.lon === undefined ? [] : [feature(d.id, d.lat, d.lon, deviceTones[d.state])]))

/** Whether two lists of marks look the same on the map. */
export function sameMarks(a: readonly GeoJSON.Feature[], b: readonly GeoJSON.Feature[]): boolean {
  const key = (f: GeoJSON.Feature | undefined) => f && `${f.properties!['id']} ${f.properties!['rank']} ${(f.geometry as GeoJSON.Point).coordinates.join(' ')}`
  return a.length === b.length && a.every((f, i) => key(f) === key(b[i]))
}

const attention = ranks.indexOf('warning')
const layersOf = (kind: MarkKind) => [`${kind}s-group`, `${kind}s-one`]
/** The layers whose features can be pointed at. */
export const markLayers = ['sites-one', 'devices-one', 'sites-group', 'devices-group']

function layers(kind: MarkKind): LayerSpecification[] {
  const source = `${kind}s`
  const icon = (prefix: string, rank: ExpressionSpecification): ExpressionSpecification => ['concat', prefix, ['to-string', rank]]
  const [group, one] = layersOf(kind)
  // Marks are always shown, and names of areas make room for them.
  const always = { 'icon-allow-overlap': true }
  const beside = { 'icon-offset': (kind === 'device' ? [0, 17] : [0, 0]) as [number, number] } // a device stands where its site does
  return [
    { id: one!, type: 'symbol', source, filter: ['!', ['has', 'point_count']], layout: { ...always, ...beside, 'icon-image': icon(`${kind}-`, ['get', 'rank']), 'symbol-sort-key': ['get', 'rank'] } },
    {
      id: group!, type: 'symbol', source, filter: ['has', 'point_count'],
      layout: {
        ...always, ...beside, 'icon-image': icon(`${kind}-cluster-`, ['get', 'worst']), 'symbol-sort-key': ['get', 'worst'],
        'text-field': ['get', 'point_count_abbreviated'], 'text-font': font, 'text-size': 12, 'text-allow-overlap': true, 'text-offset': kind === 'device' ? [0, 1.4] : [0, 0],
      },
      paint: { 'text-color': colour('surface') },
    },
  ]
}

/** Puts the marks of one kind on a map. */
export function addMarks(map: LibreMap, kind: MarkKind): void {
  map.addSource(`${kind}s`, {
    type: 'geojson', data: { type: 'FeatureCollection', features: [] }, cluster: true, clusterRadius: kind === 'site' ? 36 : 30, clusterMaxZoom: 14,
    clusterProperties: { worst: ['max', ['get', 'rank']], bad: ['+', ['case', ['>=', ['get', 'rank'], attention], 1, 0]] },
  })
  for (const layer of layers(kind)) map.addLayer(layer, under.marks)
}

export function setMarks(map: LibreMap, kind: MarkKind, features: GeoJSON.Feature[]): void {
  setFeatures(map, `${kind}s`, features)
}

/** The layers of one kind, to show or hide. */
export const layersOfMarks = layersOf

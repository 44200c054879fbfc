// Dead and slow zones: in which order people should look at them, and how they are drawn.
import type { ExpressionSpecification, LayerSpecification, Map as LibreMap } from 'maplibre-gl'
import type { Schemas } from '../../api/client'
import { colour } from '../../ui/mapcolours'
import { type Box, boxOf, setFeatures, under } from '../../ui/mapbase'

export type ZoneFeature = Schemas['ZoneCollection']['features'][number]

const worse = { dead: 0, gap: 1 }

/** The worst first: dead before slow, then by the people who live there. */
export function worstFirst(zones: readonly ZoneFeature[]): ZoneFeature[] {
  return [...zones].sort(({ properties: a }, { properties: b }) =>
    worse[a.verdict] - worse[b.verdict] || b.population_estimate - a.population_estimate || b.cells - a.cells || a.id.localeCompare(b.id))
}

/** The operator whose dead zones hold most people: whom to show first. */
export function worstOperator(zones: readonly ZoneFeature[]): string | undefined {
  return worstFirst(zones)[0]?.properties.operator
}

/** How many zones of each kind an operator has. */
export function countsOf(zones: readonly ZoneFeature[], operator: string): { dead: number; gap: number } {
  const own = zones.filter((z) => z.properties.operator === operator)
  const dead = own.filter((z) => z.properties.verdict === 'dead').length
  return { dead, gap: own.length - dead }
}

/** The box around a zone. */
export const boxOfZone = (z: ZoneFeature): Box | undefined => boxOf(z.geometry.coordinates.flat(2))

export const zoneLayers = ['zones-edge', 'zones-line']

const wide = (more: number): ExpressionSpecification => ['interpolate', ['linear'], ['zoom'], 8, 1 + more / 2, 10, 2 + more, 13, 4 + more]

export function addZones(map: LibreMap): void {
  map.addSource('zones', { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
  const common = { type: 'line', source: 'zones', layout: { 'line-join': 'round' } } as const
  const own: LayerSpecification[] = [
    { id: 'zones-edge', ...common, paint: { 'line-color': colour('surface'), 'line-width': wide(2), 'line-opacity': 0.9 } },
    { id: 'zones-line', ...common, paint: { 'line-color': ['match', ['get', 'verdict'], 'dead', colour('dead'), colour('gap')], 'line-width': wide(0) } },
  ]
  for (const layer of own) map.addLayer(layer, under.zones)
}

export function setZones(map: LibreMap, zones: readonly ZoneFeature[]): void {
  setFeatures(map, 'zones', zones as unknown as GeoJSON.Feature[])
}

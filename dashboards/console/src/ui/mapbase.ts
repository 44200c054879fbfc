// What lies below everything on our maps: the outlines of the areas, which are our own, and
// tiles from elsewhere only where the configuration names them.
import type { ExpressionSpecification, GeoJSONSource, LayerSpecification, Map as LibreMap, SourceSpecification, StyleSpecification } from 'maplibre-gl'
import { type Schemas, answer, api } from '../api/client'
import { colour } from './mapcolours'
import { font, glyphs } from './maplabels'
import type { Settings } from './settings'

export type Areas = Schemas['CollectionMultiPolygonGeometryAreaOutline']

/** Layers that are empty and never move: others are put below them, in this order. */
export const under = { areas: 'under-areas', cells: 'under-cells', zones: 'under-zones', names: 'under-names', marks: 'under-marks' } as const

const anchors = () => Object.values(under).map((id): LayerSpecification => ({ id, type: 'background', layout: { visibility: 'none' } }))

/** The style that maps begin with. Without a configured base map nothing is asked of anybody. */
export async function baseStyle(settings: Pick<Settings, 'raster_tiles' | 'vector_style' | 'attribution'> | undefined): Promise<StyleSpecification> {
  const ground: LayerSpecification = { id: 'ground', type: 'background', paint: { 'background-color': colour('sunken') } }
  const own: StyleSpecification = { version: 8, glyphs, sources: {}, layers: [ground, ...anchors()] }
  if (settings?.vector_style) {
    const theirs = await fetch(settings.vector_style).then((r) => (r.ok ? (r.json() as Promise<StyleSpecification>) : undefined), () => undefined)
    // Letters stay ours: their server has not got our fonts, and need not be asked for its own.
    return theirs ? { ...theirs, glyphs, layers: [...theirs.layers, ...anchors()] } : own
  }
  if (!settings?.raster_tiles) return own
  const tiles: SourceSpecification = { type: 'raster', tiles: [settings.raster_tiles], tileSize: 256, maxzoom: 19, attribution: settings.attribution }
  return { ...own, sources: { base: tiles }, layers: [ground, { id: 'base', type: 'raster', source: 'base', paint: { 'raster-opacity': 0.7, 'raster-saturation': -0.4 } }, ...anchors()] }
}

let asked: Promise<Areas> | undefined

/** The outlines of the areas; they are asked for once. */
export function loadAreas(): Promise<Areas> {
  asked ??= answer(api.GET('/api/v1/areas.geojson')).catch((e: unknown) => {
    asked = undefined
    throw e
  })
  return asked
}

export type Box = [west: number, south: number, east: number, north: number]

/** The smallest box around positions; nothing where there are none. */
export function boxOf(positions: Iterable<readonly number[]>): Box | undefined {
  let box: Box | undefined
  for (const [lon, lat] of positions) {
    if (lon === undefined || lat === undefined) continue
    box = box ? [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)] : [lon, lat, lon, lat]
  }
  return box
}

type Ring = number[][]

/** The middle of a ring by its surface. */
function middle(ring: Ring): { at: [number, number]; size: number } {
  let size = 0
  let x = 0
  let y = 0
  for (let i = 0; i + 1 < ring.length; i++) {
    const [ax = 0, ay = 0] = ring[i]!
    const [bx = 0, by = 0] = ring[i + 1]!
    const cross = ax * by - bx * ay
    size += cross
    x += (ax + bx) * cross
    y += (ay + by) * cross
  }
  return size === 0 ? { at: [ring[0]?.[0] ?? 0, ring[0]?.[1] ?? 0], size: 0 } : { at: [x / (3 * size), y / (3 * size)], size: Math.abs(size) }
}

/** Where the name of an area is written: in the middle of its largest part, if it has any. */
export function nameAt(polygons: number[][][][]): [number, number] | undefined {
  const parts = polygons.flatMap((p) => (p[0] ? [middle(p[0])] : []))
  return parts.sort((a, b) => b.size - a.size)[0]?.at
}

const isProvince: ExpressionSpecification = ['==', ['length', ['get', 'code']], 2]

type Area = Areas['features'][number]

/** What an area takes up: its outline, or else where its sites and devices are. */
export function boxOfArea({ geometry, properties: p }: Area): Box | undefined {
  return boxOf(geometry.coordinates.flat(2)) ?? (p.bbox?.length === 4 ? (p.bbox as Box) : undefined)
}

/** The box around all areas. */
export const boxOfAreas = (areas: Areas): Box | undefined => boxOf(areas.features.flatMap((f) => {
  const [west, south, east, north] = boxOfArea(f) ?? []
  return west === undefined ? [] : [[west, south!], [east!, north!]]
}))

/** Names of communes; one that is nowhere has none. */
export function namesOf(areas: Areas): GeoJSON.FeatureCollection {
  const features = areas.features.flatMap((f): GeoJSON.Feature[] => {
    const p = f.properties
    const at = nameAt(f.geometry.coordinates) ?? (p.lat !== undefined && p.lon !== undefined ? [p.lon, p.lat] : undefined)
    return p.code.length <= 2 || !at ? [] : [{ type: 'Feature', geometry: { type: 'Point', coordinates: at }, properties: { name: p.name, size: p.population ?? 0 } }]
  })
  return { type: 'FeatureCollection', features }
}

/** Draws the areas and their names; filled where there is no map from elsewhere to be hidden. */
export function addAreas(map: LibreMap, areas: Areas, filled: boolean): void {
  map.addSource('areas', { type: 'geojson', data: areas as GeoJSON.GeoJSON })
  map.addSource('area-names', { type: 'geojson', data: namesOf(areas) })
  if (filled) map.addLayer({ id: 'areas-fill', type: 'fill', source: 'areas', paint: { 'fill-color': colour('surface') } }, under.areas)
  map.addLayer({
    id: 'areas-line', type: 'line', source: 'areas',
    paint: { 'line-color': ['case', isProvince, colour('quiet'), colour('unproven')], 'line-width': ['case', isProvince, 2, 0.8], 'line-opacity': ['case', isProvince, 1, 0.7] },
  }, under.zones)
  map.addLayer({
    id: 'areas-name', type: 'symbol', source: 'area-names',
    layout: { 'text-field': ['get', 'name'], 'text-font': font, 'text-size': ['interpolate', ['linear'], ['zoom'], 8, 10.5, 12, 15], 'text-max-width': 7, 'symbol-sort-key': ['-', 0, ['get', 'size']], 'text-padding': 3, 'text-variable-anchor': ['center', 'top', 'bottom', 'left', 'right'], 'text-radial-offset': 1.1 },
    paint: { 'text-color': colour('text'), 'text-halo-color': colour('surface'), 'text-halo-width': 1.6 },
  }, under.names)
}

/** Shows or hides some layers. */
export function show(map: LibreMap, layers: readonly string[], shown: boolean): void {
  for (const id of layers) if (map.getLayer(id)) map.setLayoutProperty(id, 'visibility', shown ? 'visible' : 'none')
}

/** Gives a source new features. */
export function setFeatures(map: LibreMap, source: string, features: GeoJSON.Feature[]): void {
  map.getSource<GeoJSONSource>(source)?.setData({ type: 'FeatureCollection', features })
}

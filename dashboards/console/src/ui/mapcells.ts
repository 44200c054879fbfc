// The hexagons of one operator on a map. Colour says the verdict, and so does what is drawn
// in it: dead cells are crossed, gaps are striped, and unproven ones have no colour at all.
import type { ExpressionSpecification, FilterSpecification, LayerSpecification, Map as LibreMap, VectorTileSource } from 'maplibre-gl'
import { setFeatures } from './mapbase'
import { colour } from './mapcolours'
import { type Verdict, verdicts } from './verdict'

/** The layers whose features can be pointed at. */
export const cellLayers = ['cells-fill', 'cells-open'] as const
const source = 'cells'
// Marks have a source of their own: as states of the tiles' features each of tens of thousands of
// hexagons would be drawn once more, with no width.
const marksSource = 'cells-marked'
const maxZoom = 14

/** Where the tiles of an operator on a day are. */
export function tilesOf(operator: string, day?: string): string {
  const q = new URLSearchParams({ operator })
  if (day) q.set('day', day)
  return `${location.origin}/api/v1/coverage/tiles/{z}/{x}/{y}.mvt?${q}`
}

// Where a hexagon stands for many, a bad one is as strong as the share that is bad.
const strength = (full: number): ExpressionSpecification => ['*', full, ['interpolate', ['linear'], ['coalesce', ['get', 'share'], 1], 0, 0.45, 1, 1]]
const byVerdict = (of: (v: Verdict) => string): ExpressionSpecification =>
  ['match', ['get', 'verdict'], 'dead', of('dead'), 'gap', of('gap'), 'covered', of('covered'), of('unproven')]

function layers(): LayerSpecification[] {
  const cells = { source, 'source-layer': 'cells' }
  const nearby: ExpressionSpecification = ['interpolate', ['linear'], ['zoom'], 11, 0.7, 15, 1.6]
  return [
    { id: 'cells-fill', type: 'fill', ...cells, paint: { 'fill-color': byVerdict(colour), 'fill-opacity': ['match', ['get', 'verdict'], 'covered', 0.5, strength(0.82)], 'fill-antialias': false } },
    // Smooth edges draw each outline once more, which nobody sees and tens of thousands of cells feel.
    { id: 'cells-pattern', type: 'fill', ...cells, minzoom: 9, paint: { 'fill-pattern': byVerdict((v) => `pattern-${v}`), 'fill-opacity': 0.75, 'fill-antialias': false } },
    { id: 'cells-open', type: 'fill', ...cells, paint: { 'fill-pattern': 'pattern-unproven', 'fill-opacity': 0.9, 'fill-antialias': false } },
    // Before zoom 11 a cell is some pixels wide, and its outline nothing to look at.
    { id: 'cells-line', type: 'line', ...cells, minzoom: 11, paint: { 'line-color': byVerdict(colour), 'line-width': nearby, 'line-opacity': 0.8 } },
    { id: 'cells-marked', type: 'line', source: marksSource, paint: { 'line-color': colour('text'), 'line-width': ['match', ['get', 'how'], 'chosen', 4, 2.5] } },
  ]
}

/** Which of the wanted verdicts each layer draws. */
export function filters(wanted: readonly Verdict[]): Record<string, FilterSpecification> {
  const of = (some: readonly Verdict[]): FilterSpecification => ['in', ['get', 'verdict'], ['literal', some.filter((v) => wanted.includes(v))]]
  return {
    'cells-fill': of(['dead', 'gap', 'covered']), 'cells-pattern': of(['dead', 'gap']), 'cells-open': of(['unproven']),
    'cells-line': of(verdicts),
  }
}

/** Puts the hexagons on a map, below the layer `before`. */
export function addCells(map: LibreMap, tiles: string, before?: string): void {
  map.addSource(source, { type: 'vector', tiles: [tiles], maxzoom: maxZoom })
  map.addSource(marksSource, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
  for (const layer of layers()) map.addLayer(layer, before)
  showVerdicts(map, verdicts)
}

/** Shows other tiles, or the same again where they have changed. */
export function setTiles(map: LibreMap, tiles: string): void {
  map.getSource<VectorTileSource>(source)?.setTiles([tiles])
}

/** Shows cells of these verdicts only. */
export function showVerdicts(map: LibreMap, wanted: readonly Verdict[]): void {
  for (const [layer, filter] of Object.entries(filters(wanted))) map.setFilter(layer, filter)
}

type Mark = 'hover' | 'chosen'
const marked = new WeakMap<LibreMap, Partial<Record<Mark, GeoJSON.Geometry>>>()

/** Marks one hexagon by its outline, or none. */
export function markCell(map: LibreMap, how: Mark, outline: GeoJSON.Geometry | undefined): void {
  const kept = marked.get(map) ?? {}
  if (kept[how] === outline) return
  const now = { ...kept, [how]: outline }
  marked.set(map, now)
  setFeatures(map, marksSource, marks(now))
}

/** The outlines as features; that of the chosen one lies above. */
export const marks = (of: Partial<Record<Mark, GeoJSON.Geometry>>): GeoJSON.Feature[] =>
  (['hover', 'chosen'] as const).flatMap((how) => (of[how] ? [{ type: 'Feature', geometry: of[how], properties: { how } }] : []))

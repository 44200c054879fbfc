// Where in the cell was measured: its seven parts on a small map.
import type { LayerSpecification, Map as LibreMap } from 'maplibre-gl'
import type { Schemas } from '../../api/client'
import { MapView } from '../../ui/map'
import { boxOf, under } from '../../ui/mapbase'
import { addCells, showVerdicts, tilesOf } from '../../ui/mapcells'
import { colour } from '../../ui/mapcolours'
import { font } from '../../ui/maplabels'
import { type Evidence, type Part, partsOf } from './why'
import { w } from './words'

/** What is written in a part. */
export const partText = (p: Part) => (p.needs > 0 ? `${p.index}: ${p.tests}\n+${p.needs}` : p.reachable || p.tests > 0 ? `${p.index}: ${p.tests}` : String(p.index))

/** The parts as features, with the share of tests that missed the target; -1 where there are none. */
export function partFeatures(e: Evidence, outlines: readonly (readonly number[][])[]): GeoJSON.Feature[] {
  return partsOf(e).flatMap((p) => {
    const ring = outlines[p.index]
    if (!ring) return []
    return [{
      type: 'Feature', geometry: { type: 'Polygon', coordinates: [ring as number[][]] },
      properties: { text: partText(p), bad: p.tests > 0 ? p.negative / p.tests : -1, reachable: p.reachable, needs: p.needs },
    } satisfies GeoJSON.Feature]
  })
}

const center = (ring: readonly number[][]): number[] => {
  const corners = ring.slice(0, -1)
  return [0, 1].map((i) => corners.reduce((a, p) => a + p[i]!, 0) / corners.length)
}

function layers(): LayerSpecification[] {
  const own = { source: 'parts' }
  return [
    { id: 'parts-fill', type: 'fill', ...own, filter: ['>=', ['get', 'bad'], 0], paint: { 'fill-color': ['interpolate', ['linear'], ['get', 'bad'], 0, colour('covered'), 0.3, colour('gap'), 1, colour('dead')], 'fill-opacity': 0.75 } },
    { id: 'parts-closed', type: 'fill', ...own, filter: ['all', ['!', ['get', 'reachable']], ['<', ['get', 'bad'], 0]], paint: { 'fill-pattern': 'pattern-unproven' } },
    { id: 'parts-line', type: 'line', ...own, paint: { 'line-color': colour('text'), 'line-width': ['case', ['>', ['get', 'needs'], 0], 3, 1] } },
    { id: 'parts-text', type: 'symbol', source: 'part-names', layout: { 'text-field': ['get', 'text'], 'text-font': font, 'text-size': 14, 'text-allow-overlap': true, 'text-ignore-placement': true }, paint: { 'text-color': colour('text'), 'text-halo-color': colour('surface'), 'text-halo-width': 1.8 } },
  ]
}

function draw(map: LibreMap, e: Evidence, h: Schemas['CellHistory']): void {
  const parts = partFeatures(e, h.points)
  const names = parts.map((f): GeoJSON.Feature => ({ ...f, geometry: { type: 'Point', coordinates: center((f.geometry as GeoJSON.Polygon).coordinates[0]!) } }))
  addCells(map, tilesOf(e.operator), under.cells)
  showVerdicts(map, ['dead', 'gap', 'covered'])
  map.setPaintProperty('cells-fill', 'fill-opacity', 0.18) // what is around, faintly
  map.setPaintProperty('cells-pattern', 'fill-opacity', 0.15)
  const outline: GeoJSON.Feature = { type: 'Feature', geometry: { type: 'Polygon', coordinates: [h.outline as number[][]] }, properties: {} }
  map.addSource('cell', { type: 'geojson', data: outline })
  map.addSource('parts', { type: 'geojson', data: { type: 'FeatureCollection', features: parts } })
  map.addSource('part-names', { type: 'geojson', data: { type: 'FeatureCollection', features: names } })
  for (const layer of layers()) map.addLayer(layer, under.marks)
  map.addLayer({ id: 'cell-line', type: 'line', source: 'cell', paint: { 'line-color': colour('brand'), 'line-width': 3, 'line-dasharray': [2, 1.5] } }, under.marks)
}

export function PlaceCard({ of: e, history: h }: { of: Evidence; history: Schemas['CellHistory'] }) {
  const box = boxOf([...h.outline, ...h.points.flat()] as number[][])
  return (
    <section class="card" aria-labelledby="place">
      <h2 id="place">{w().place}</h2>
      <div class="place-map">
        <MapView key={`${e.cell} ${e.operator} ${e.decision.tests}`} small label={w().mapLabel} testid="cell-map" at={box && { box }} ready={(map) => draw(map, e, h)} />
      </div>
      <span class="quiet">{w().placeNote}</span>
    </section>
  )
}

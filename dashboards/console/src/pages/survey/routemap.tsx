// The way from stop to stop.
import { words } from '../../words'
import { boxOf, under } from '../../ui/mapbase'
import { colour } from '../../ui/mapcolours'
import { font } from '../../ui/maplabels'
import { MapView } from '../../ui/map'
import type { Question, Stop } from './plan'

const w = words({ vi: { label: 'Bản đồ đường đi giữa các điểm đo' }, en: { label: 'Map of the way between the stops' } })

const margin = 0.02

export function RouteMap({ stops, start }: { stops: readonly Stop[]; start: Question['start'] }) {
  const at = stops.map((s): [number, number] => [s.lon, s.lat])
  const way = start ? [[start.lon, start.lat] as [number, number], ...at] : at
  const box = boxOf(way)
  if (!box) return null
  return (
    <div class="no-print survey-map">
      <MapView
        key={stops.map((s) => s.cell).join()} small label={w().label} testid="survey-map" at={{ box: [box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin] }}
        ready={(map) => {
          const point = (coordinates: [number, number], name: string, must: boolean): GeoJSON.Feature => ({ type: 'Feature', geometry: { type: 'Point', coordinates }, properties: { name, must } })
          const line: GeoJSON.Feature = { type: 'Feature', geometry: { type: 'LineString', coordinates: way }, properties: {} }
          map.addSource('way', { type: 'geojson', data: { type: 'FeatureCollection', features: [line] } })
          map.addSource('stops', { type: 'geojson', data: { type: 'FeatureCollection', features: at.map((p, i) => point(p, String(i + 1), stops[i]!.must === true)) } })
          map.addLayer({ id: 'way', type: 'line', source: 'way', paint: { 'line-color': colour('brand'), 'line-width': 2.5, 'line-dasharray': [2, 1.5] } }, under.zones)
          map.addLayer({ id: 'stops', type: 'circle', source: 'stops', paint: { 'circle-radius': 11, 'circle-color': ['case', ['get', 'must'], colour('critical'), colour('brand')], 'circle-stroke-color': colour('surface'), 'circle-stroke-width': 2 } }, under.marks)
          map.addLayer({ id: 'stops-name', type: 'symbol', source: 'stops', layout: { 'text-field': ['get', 'name'], 'text-font': font, 'text-size': 12, 'text-allow-overlap': true }, paint: { 'text-color': colour('surface') } }, under.marks)
        }}
      />
    </div>
  )
}

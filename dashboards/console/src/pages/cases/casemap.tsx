// Where it is: the cells of the case among all the others.
import { api, answer } from '../../api/client'
import { useData } from '../../api/data'
import { words } from '../../words'
import { boxOf, type Box, setFeatures, under } from '../../ui/mapbase'
import { addCells, tilesOf } from '../../ui/mapcells'
import { colour } from '../../ui/mapcolours'
import { mapLink } from '../../ui/maplink'
import { MapView } from '../../ui/map'
import type { Review } from './data'
import type { Case } from './words'

const w = words({
  vi: { label: 'Bản đồ các ô của hồ sơ', open: 'Mở trên bản đồ lớn', nowhere: 'Chưa biết vị trí: chưa có phép đo nào ở các ô này.' },
  en: { label: 'Map of the cells of the case', open: 'Open on the large map', nowhere: 'The position is not known: these cells have no tests.' },
})

/** About the width of a cell, in degrees: what a point is widened by. */
const around = 0.02

/** The box that holds the cells. */
export function boxOfCells(cells: Review['cells']): Box | undefined {
  const box = boxOf(cells.map((c) => [c.lon, c.lat]))
  return box && [box[0] - around, box[1] - around, box[2] + around, box[3] + around]
}

export function CaseMap({ of, review }: { of: Case; review: Review }) {
  const box = boxOfCells(review.cells)
  const shapes = useData(box && `shapes ${of.id}`, async (signal) => {
    const all = await answer(api.GET('/api/v1/coverage/cells.geojson', { params: { query: { operator: of.operator, bbox: box!.map((v) => v.toFixed(5)).join(','), limit: 30_000 } }, signal }))
    return all.features.filter((f) => of.cells.includes(f.properties.cell))
  })
  if (!box) return <p class="quiet">{w().nowhere}</p>
  const [west, south, east, north] = box
  return (
    <div class="casemap stack">
      {shapes.value && (
        <MapView
          small label={w().label} at={{ box }} testid="case-map"
          ready={(map) => {
            addCells(map, tilesOf(of.operator), under.cells)
            map.addSource('case', { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
            map.addLayer({ id: 'case-edge', type: 'line', source: 'case', paint: { 'line-color': colour('text'), 'line-width': 3 } }, under.zones)
            setFeatures(map, 'case', shapes.value as unknown as GeoJSON.Feature[])
          }}
        />
      )}
      <a href={mapLink({ operator: of.operator, lat: (south + north) / 2, lon: (west + east) / 2, zoom: 13, ...(of.zone && of.state !== 'closed' ? { zone: of.zone } : {}) })}>{w().open}</a>
    </div>
  )
}

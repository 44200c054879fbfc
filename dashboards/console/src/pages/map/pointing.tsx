// Pointing at things on the map: resting on one says in brief what it is, pressing says more
// and stays.
import type { GeoJSONSource, LngLatLike, Map as LibreMap, MapGeoJSONFeature, MapMouseEvent, Popup } from 'maplibre-gl'
import { type ComponentChild, render } from 'preact'
import { cellLayers, markCell } from '../../ui/mapcells'
import { markLayers } from './marks'

/** Something on the map. */
export interface Thing {
  kind: 'site' | 'device' | 'group' | 'cell'
  properties: Record<string, unknown>
  feature: MapGeoJSONFeature
}

/** What the page knows of things. Nothing to say is undefined. */
export interface Teller {
  say: (thing: Thing, brief: boolean) => ComponentChild | undefined
}

function thingOf(feature: MapGeoJSONFeature): Thing {
  const kind = feature.properties['cluster'] ? 'group' : feature.source === 'sites' ? 'site' : feature.source === 'devices' ? 'device' : 'cell'
  return { kind, properties: feature.properties, feature }
}

/** What is under a pointer: marks before hexagons. */
function under(map: LibreMap, e: MapMouseEvent): Thing | undefined {
  const look = (layers: readonly string[]) => map.queryRenderedFeatures(e.point, { layers: layers.filter((l) => map.getLayer(l)) })[0]
  const found = look(markLayers) ?? look(cellLayers)
  return found && thingOf(found)
}

const keyOf = (t: Thing) => `${t.kind} ${String(t.properties['id'] ?? t.properties['cell'] ?? t.properties['cluster_id'])}`

/** The place a popup points to: a mark itself, or where one is in a hexagon. */
const placeOf = (t: Thing, e: MapMouseEvent): LngLatLike => (t.feature.geometry.type === 'Point' ? (t.feature.geometry.coordinates as [number, number]) : e.lngLat)

/** Fills a popup, and empties it when it is closed. */
export function fill(popup: Popup, content: ComponentChild): Popup {
  const box = document.createElement('div')
  render(content, box)
  popup.on('close', () => render(null, box))
  return popup.setDOMContent(box)
}

async function enter(map: LibreMap, t: Thing): Promise<void> {
  const source = map.getSource<GeoJSONSource>(t.feature.source)
  const zoom = await source?.getClusterExpansionZoom(t.properties['cluster_id'] as number)
  if (zoom !== undefined && t.feature.geometry.type === 'Point') map.easeTo({ center: t.feature.geometry.coordinates as [number, number], zoom: zoom + 0.2 })
}

/** Begins to listen to the pointer; `make` makes popups. */
export function point(map: LibreMap, make: (options: { pinned: boolean }) => Popup, teller: Teller): void {
  const resting = make({ pinned: false })
  let key = ''
  const leave = () => {
    key = ''
    resting.remove()
    markCell(map, 'hover', undefined)
    map.getCanvas().style.cursor = ''
  }
  const rest = (e: MapMouseEvent) => {
    if (map.isMoving()) return
    const t = under(map, e)
    const said = t && teller.say(t, true)
    if (!t || said === undefined) return leave()
    if (keyOf(t) !== key) {
      key = keyOf(t)
      markCell(map, 'hover', t.kind === 'cell' ? t.feature.geometry : undefined)
      map.getCanvas().style.cursor = 'pointer'
      fill(resting, said)
    }
    resting.setLngLat(placeOf(t, e)).addTo(map)
  }
  let frame = 0 // one look a frame, however fast the pointer moves
  map.on('mousemove', (e) => {
    cancelAnimationFrame(frame)
    frame = requestAnimationFrame(() => rest(e))
  })
  map.on('mouseout', () => {
    cancelAnimationFrame(frame)
    leave()
  })
  map.on('remove', () => cancelAnimationFrame(frame))
  map.on('click', (e) => {
    const t = under(map, e)
    if (t?.kind === 'group') return void enter(map, t)
    const said = t && teller.say(t, false)
    if (!t || said === undefined) return
    leave()
    fill(make({ pinned: true }), said).setLngLat(placeOf(t, e)).addTo(map)
    if (t.kind === 'cell') markCell(map, 'chosen', t.feature.geometry)
  })
}

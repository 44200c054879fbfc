// The map of the page with all that is on it, as one thing: what is to be seen is told to it,
// and it draws that, whichever comes first, the map or the facts.
import type { Map as LibreMap } from 'maplibre-gl'
import { markCell, addCells, setTiles, showVerdicts, tilesOf } from '../../ui/mapcells'
import { type Box, show, under } from '../../ui/mapbase'
import type { LayerName } from '../../ui/maplink'
import type { Verdict } from '../../ui/verdict'
import { type Device, type MarkKind, type Site, addMarks, deviceFeatures, layersOfMarks, sameMarks, setMarks, siteFeatures } from './marks'
import { type ZoneFeature, addZones, setZones, zoneLayers } from './zones'

export interface Seen {
  operator: string
  day: string | undefined
  /** Another number for another judgement: the tiles are loaded again. */
  version: number
  layers: readonly LayerName[]
  verdicts: readonly Verdict[]
  zones: readonly ZoneFeature[]
  sites: readonly Site[]
  devices: readonly Device[]
}

const layersOf: Record<LayerName, readonly string[]> = {
  cells: ['cells-fill', 'cells-pattern', 'cells-open', 'cells-line', 'cells-marked'],
  zones: zoneLayers, sites: layersOfMarks('site'), devices: layersOfMarks('device'), areas: ['areas-line', 'areas-name'],
}

export class Board {
  private seen: Partial<Seen> = {}
  /** The marks that the map was given, by kind: of which list, and what was drawn of it. */
  private readonly given: Partial<Record<MarkKind, { list: readonly unknown[]; features: GeoJSON.Feature[] }>> = {}

  constructor(private readonly map: LibreMap) {
    addZones(map)
    addMarks(map, 'device')
    addMarks(map, 'site')
  }

  /** Draws what differs from what is seen. */
  draw(to: Seen): void {
    const { map, seen } = this
    const differs = (...names: (keyof Seen)[]) => names.some((n) => seen[n] !== to[n])
    if (differs('operator', 'day', 'version')) this.drawCells(to)
    if (differs('verdicts')) showVerdicts(map, to.verdicts)
    if (differs('zones', 'operator')) setZones(map, to.zones.filter((z) => z.properties.operator === to.operator))
    if (to.layers.includes('sites')) this.drawMarks('site', to.sites, () => siteFeatures(to.sites))
    if (to.layers.includes('devices')) this.drawMarks('device', to.devices, () => deviceFeatures(to.devices))
    if (differs('layers')) for (const [name, layers] of Object.entries(layersOf)) show(map, layers, to.layers.includes(name as LayerName))
    this.seen = to
  }

  /** Marks given to the map have all of it drawn anew, hexagons too: only those that are shown, and only when they look different. */
  private drawMarks(kind: MarkKind, list: readonly unknown[], of: () => GeoJSON.Feature[]): void {
    const given = this.given[kind]
    if (given?.list === list) return
    const features = of()
    this.given[kind] = { list, features }
    if (!given || !sameMarks(given.features, features)) setMarks(this.map, kind, features)
  }

  private drawCells(to: Seen): void {
    const tiles = tilesOf(to.operator, to.day)
    if (this.map.getSource('cells')) return setTiles(this.map, tiles)
    addCells(this.map, tiles, under.cells)
    this.seen = { ...this.seen, layers: undefined, verdicts: undefined }
  }

  /** Loads the tiles again, after they could not be had. */
  again(): void {
    if (this.seen.operator) setTiles(this.map, tilesOf(this.seen.operator, this.seen.day))
  }

  choose(cell: GeoJSON.Polygon): void {
    if (this.map.getSource('cells')) markCell(this.map, 'chosen', cell)
  }

  /** Flies to a place, or jumps where motion is not wanted. */
  go(to: { at?: [number, number]; box?: Box; zoom?: number }): void {
    if (to.box) this.map.fitBounds(to.box, { padding: 60, maxZoom: 13 })
    else if (to.at) this.map.flyTo({ center: to.at, zoom: Math.max(this.map.getZoom(), to.zoom ?? 14) })
  }
}

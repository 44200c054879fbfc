// A map on a page. The library comes when it is needed; until then, and where the browser
// cannot draw, it says so.
import type { Map as LibreMap } from 'maplibre-gl'
import { useEffect, useRef, useState } from 'preact/hooks'
import { dark } from '../theme'
import { language, words } from '../words'
import { Progress } from '.'
import { type Areas, type Box, addAreas, baseStyle, boxOfAreas, loadAreas } from './mapbase'
import { addDrawings } from './mapicons'
import { loadSettings } from './settings'
import './map.css'

const w = words({
  vi: {
    loading: 'Đang mở bản đồ…', cannot: 'Trình duyệt này không vẽ được bản đồ (cần WebGL). Danh sách bên cạnh vẫn dùng được.',
    zoomIn: 'Phóng to', zoomOut: 'Thu nhỏ', scale: 'Tỷ lệ', close: 'Đóng', here: 'Vị trí của tôi', nowhere: 'Không biết vị trí', compass: 'Quay về hướng bắc', attribution: 'Nguồn bản đồ',
  },
  en: {
    loading: 'Opening the map…', cannot: 'This browser cannot draw the map (it needs WebGL). The list beside it works all the same.',
    zoomIn: 'Zoom in', zoomOut: 'Zoom out', scale: 'Scale', close: 'Close', here: 'Where I am', nowhere: 'Position not available', compass: 'Turn to the north', attribution: 'Sources of the map',
  },
})

export interface MapProps {
  /** What it shows, for those who do not see it. */
  label: string
  /** Called when it can be drawn upon; what it returns is called before the map goes. */
  ready: (map: LibreMap, areas: Areas | undefined) => (() => void) | void
  /** Where it looks at first; default: all areas. */
  at?: { lat: number; lon: number; zoom: number } | { box: Box }
  testid?: string
  /** A small one, for one thing: with fewer controls. */
  small?: boolean
}

/** The element of a map; tests find the map in it. */
export type MapElement = HTMLDivElement & { map?: LibreMap }

const vietnam: Box = [102.1, 8.4, 109.5, 23.4]

async function open(element: MapElement, p: MapProps, ended: () => boolean): Promise<LibreMap | undefined> {
  const nothing = () => undefined // a map without them is better than none
  const [{ default: gl }, areas, settings] = await Promise.all([import('./maplibre'), loadAreas().catch(nothing), loadSettings().catch(nothing)])
  const style = await baseStyle(settings)
  if (ended()) return undefined
  const everything = (areas && boxOfAreas(areas)) ?? vietnam
  const view = p.at && 'zoom' in p.at ? { center: [p.at.lon, p.at.lat] as [number, number], zoom: p.at.zoom } : { bounds: p.at?.box ?? everything, fitBoundsOptions: { padding: 24 } }
  const t = w()
  const map = new gl.Map({
    container: element, style, ...view, maxZoom: 18, attributionControl: false, dragRotate: false, pitchWithRotate: false, touchPitch: false, fadeDuration: 100,
    cooperativeGestures: p.small === true && matchMedia('(pointer: coarse)').matches,
    locale: {
      'Map.Title': p.label, 'NavigationControl.ZoomIn': t.zoomIn, 'NavigationControl.ZoomOut': t.zoomOut, 'NavigationControl.ResetBearing': t.compass, 'Popup.Close': t.close,
      'GeolocateControl.FindMyLocation': t.here, 'GeolocateControl.LocationNotAvailable': t.nowhere, 'AttributionControl.ToggleAttribution': t.attribution,
    },
  })
  map.touchZoomRotate.disableRotation()
  map.keyboard.disableRotation()
  map.addControl(new gl.NavigationControl({ showCompass: false }))
  if (!p.small) {
    map.addControl(new gl.GeolocateControl({ positionOptions: { enableHighAccuracy: true }, fitBoundsOptions: { maxZoom: 13 } }))
    map.addControl(new gl.ScaleControl({}), 'bottom-right')
  }
  if (settings?.attribution) map.addControl(new gl.AttributionControl({ compact: true, customAttribution: settings.vector_style ? settings.attribution : undefined }))
  element.map = map
  await map.once('style.load')
  if (ended()) return map
  addDrawings(map)
  if (areas) addAreas(map, areas, !settings?.raster_tiles && !settings?.vector_style)
  return map
}

/** Draws anew when language or colours change: the view stays. */
export function MapView(props: MapProps) {
  const ground = useRef<MapElement>(null)
  const latest = useRef(props)
  latest.current = props
  const view = useRef(props.at)
  const [state, set] = useState<'loading' | 'ready' | 'cannot'>('loading')
  const look = `${language.value} ${dark()}`
  useEffect(() => {
    const element = ground.current!
    let ended = false
    let leave: (() => void) | void
    const remove = () => {
      leave?.()
      if (!element.map) return
      const { lat, lng } = element.map.getCenter()
      view.current = { lat, lon: lng, zoom: element.map.getZoom() }
      element.map.remove()
      delete element.map
    }
    open(element, { ...latest.current, at: view.current }, () => ended).then(
      async (map) => {
        if (!map || ended) return
        leave = latest.current.ready(map, await loadAreas().catch(() => undefined))
        set('ready')
      },
      () => set('cannot'),
    )
    return () => {
      ended = true
      remove()
    }
  }, [look])
  return (
    <div class={`map ${props.small ? 'small' : ''}`}>
      <div ref={ground} class="ground" data-testid={props.testid ?? 'map'} data-state={state} />
      {state === 'loading' && (
        <div class="over">
          <Progress label={w().loading} />
        </div>
      )}
      {state === 'cannot' && (
        <div class="over note warn" role="alert">
          {w().cannot}
        </div>
      )}
    </div>
  )
}

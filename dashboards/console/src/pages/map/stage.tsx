// The map itself, with what happens on it.
import type { Map as LibreMap, Popup } from 'maplibre-gl'
import type { ComponentChild } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Progress } from '../../ui'
import { MapView } from '../../ui/map'
import type { Place } from '../../ui/maplink'
import { Board, type Seen } from './board'
import { type Thing, fill, point } from './pointing'
import { w } from './words'

const retryAfter = 4000

/** What others may do with the map once it is there. */
export interface Stage {
  go: Board['go']
  choose: Board['choose']
  /** Says something at a place, in a popup. */
  say: (at: [number, number], content: ComponentChild) => void
}

interface Props {
  seen: Seen | undefined
  at: Place
  moved: (to: { lat: number; lon: number; zoom: number }) => void
  tell: (t: Thing, brief: boolean) => ComponentChild | undefined
  ready: (stage: Stage) => void
}

/** Whether the map draws, and whether its hexagons could not be had. */
function watch(map: LibreMap, set: (s: { busy: boolean; failed: boolean }) => void, again: () => void): () => void {
  let busy = true
  let failed = false
  let timer: ReturnType<typeof setTimeout> | undefined
  const say = (b: boolean, f: boolean) => {
    if (b !== busy || f !== failed) set({ busy: (busy = b), failed: (failed = f) })
  }
  map.on('sourcedataloading', (e) => e.sourceId === 'cells' && say(true, failed))
  map.on('idle', () => say(false, failed))
  map.on('sourcedata', (e) => e.sourceId === 'cells' && e.tile && say(busy, false))
  map.on('error', () => {
    say(busy, true)
    clearTimeout(timer)
    timer = setTimeout(again, retryAfter)
  })
  return () => clearTimeout(timer)
}

export function MapStage(props: Props) {
  const latest = useRef(props)
  latest.current = props
  const board = useRef<Board>()
  const [state, set] = useState({ busy: true, failed: false })
  const [, drawn] = useState(0)
  const ready = (map: LibreMap) => {
    const b = new Board(map)
    board.current = b
    let stop: () => void
    // The library is here already: it drew the map.
    void import('../../ui/maplibre').then(({ default: gl }) => {
      let last: Popup | undefined
      const make = ({ pinned }: { pinned: boolean }) => {
        if (pinned) last?.remove()
        const popup = new gl.Popup({ closeButton: pinned, closeOnClick: pinned, focusAfterOpen: pinned, maxWidth: '320px', offset: 10 })
        if (pinned) last = popup
        return popup
      }
      point(map, make, { say: (t, brief) => latest.current.tell(t, brief) })
      latest.current.ready({
        go: (to) => b.go(to), choose: (cell) => b.choose(cell),
        say: (at, content) => void fill(make({ pinned: true }), content).setLngLat(at).addTo(map),
      })
    })
    map.on('moveend', () => {
      const { lat, lng } = map.getCenter()
      latest.current.moved({ lat, lon: lng, zoom: map.getZoom() })
    })
    stop = watch(map, set, () => b.again())
    drawn((n) => n + 1)
    return () => {
      stop()
      board.current = undefined
    }
  }
  useEffect(() => {
    if (props.seen) board.current?.draw(props.seen)
  })
  const { lat, lon, zoom } = props.at
  return (
    <div class="stage">
      <MapView label={w().label} ready={ready} at={lat !== undefined && lon !== undefined ? { lat, lon, zoom: zoom ?? 12 } : undefined} />
      {state.busy && (
        <div class="drawing">
          <Progress label={w().drawing} />
        </div>
      )}
      {state.failed && (
        <div class="failed note warn" role="status">
          {w().tilesFailed}
        </div>
      )}
    </div>
  )
}

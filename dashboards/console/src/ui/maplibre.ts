// The map library with what it needs once, in a piece of its own: whoever shows a map imports
// this when the map is shown, and the rest of the page need not wait for it.
import maplibregl from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import { letters, protocol } from './maplabels'

maplibregl.addProtocol(protocol, letters)

export default maplibregl

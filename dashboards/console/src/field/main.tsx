import { render } from 'preact'
import '../theme'

render(<main class="page">…</main>, document.getElementById('app')!)
